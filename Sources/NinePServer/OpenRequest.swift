import FileTree
import NineP

/// What an open asks for, whichever dialect said it.
struct OpenRequest {
    var mode: OpenMode
    /// What the user has to be allowed.
    let access: Access
    var removesOnClose = false
    var mustBeDirectory = false

    /// Reads the byte of Topen and Tcreate.
    init(_ byte: OpenByte) {
        mode = byte.openMode
        access = byte.access == .execute ? .execute : Self.access(for: byte.openMode)
        removesOnClose = byte.removesOnClose
    }

    /// Reads the flags of Tlopen and Tlcreate.
    ///
    /// Errors: `.invalid` for the access mode that none is.
    init(_ flags: LinuxOpenFlags) throws(FileError) {
        guard flags.rawValue & 3 != 3 else { throw FileError(.invalid, "access mode 3") }
        mode = flags.openMode
        access = Self.access(for: flags.openMode)
        mustBeDirectory = flags.contains(.directory)
    }

    private static func access(for mode: OpenMode) -> Access {
        var access: Access = []
        if mode.contains(.read) { access.insert(.read) }
        if mode.contains(.write) || mode.contains(.truncate) { access.insert(.write) }
        return access
    }
}
