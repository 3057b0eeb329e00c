import FileTree
import Glibc

/// Writing to a descriptor of the host.
enum HostWrite {
    /// Writes all bytes where the descriptor stands.
    ///
    /// Errors: `.noSpace` and what else write(2) has.
    static func all(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(FileError) {
        var rest = bytes
        while rest.count > 0 {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(FileError.Kind(number: errno), "write of a package")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
