import CLinux
public import FileTree
import Glibc

/// The users of a view, of whom its maker is one, and what he does to their files.
///
/// Outside of the view they are closed to him, as any other user's. The users are there for as long as
/// this is, whatever becomes of the view.
public final class ViewUsers: Sendable {
    private let descriptor: Int32
    private let identity: View.Identity

    /// Those of a view's first process; nil where its root is the only one.
    ///
    /// Errors: the process is gone.
    init?(of keeper: pid_t, _ identity: View.Identity) throws(FileError) {
        guard case .root(let users, let groups) = identity, !users.isEmpty || !groups.isEmpty else {
            return nil
        }
        descriptor = open("/proc/\(keeper)/ns/user", O_RDONLY | O_CLOEXEC)
        self.identity = identity
        guard descriptor >= 0 else { throw FileError(.init(number: errno), Self.name) }
    }

    /// What errors are about.
    static let name = "the users of the view"

    deinit { close(descriptor) }

    /// A file below a directory, whose it is, and the twelve lower bits of its mode.
    public typealias Owned = (path: [UInt8], uid: UInt32, gid: UInt32, permissions: UInt32)

    /// Gives files below an open directory to those whose they are, with their set-id bits; root
    /// stands for whom the view does not have.
    ///
    /// What is missing is passed over. Errors: the first that could not be given.
    public func give(_ files: [Owned], in directory: Int32) throws(FileError) {
        var text: [CChar] = []
        var gifts: [(start: Int, uid: UInt32, gid: UInt32, bits: UInt32)] = []
        for file in files {
            let uid = identity.users.contains { $0.contains(file.uid) } ? file.uid : 0
            let gid = identity.groups.contains { $0.contains(file.gid) } ? file.gid : 0
            let bits = file.permissions & (Mode.setUser | Mode.setGroup)
            if uid == 0, gid == 0, bits == 0 { continue }
            gifts.append((text.count, uid, gid, bits))
            // The directory itself has no name.
            let path = file.path.isEmpty ? [UInt8(ascii: ".")] : file.path
            text += path.map(CChar.init(bitPattern:)) + [0]
        }
        let failed = text.withUnsafeBufferPointer { text in
            let list = gifts.map { (start, uid, gid, bits) in
                pak_gift(path: text.baseAddress.map { $0 + start }, uid: uid, gid: gid, bits: bits)
            }
            return pak_give_files(descriptor, directory, list, list.count)
        }
        guard failed == 0 else { throw FileError(.init(number: errno), Self.name) }
    }

    /// Gives all that is in an open directory to the view's root: outside it is the user's own.
    ///
    /// Whose it was is noted, for `CaptureTree`. Errors: the first that could not be given.
    public func takeAll(in directory: Int32) throws(FileError) {
        guard pak_take_files(descriptor, directory) == 0 else {
            throw FileError(.init(number: errno), Self.name)
        }
    }
}
