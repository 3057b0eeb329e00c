import CLinux
import FileTree
import Glibc

/// Answers of the one who started a view to system calls within it.
enum Answers {
    /// Answers until the view is gone, then closes the socket.
    static func serve(
        _ socket: Int32,
        _ identity: View.Identity,
        _ answer: @Sendable (Request) throws(FileError) -> Void
    ) {
        defer { close(socket) }
        while true {
            var asked = pak_asked()
            var descriptor: Int32 = -1
            let size = MemoryLayout<pak_asked>.size
            guard pak_view_receive(socket, &asked, size, &descriptor) == size else { return }
            var answered = pak_answered(id: asked.id, number: 0)
            do throws(FileError) {
                if asked.asks == PAK_ASK_WHOSE.rawValue {
                    try check(descriptor, identity)
                } else {
                    try answer(request(asked))
                }
            } catch {
                answered.number = Int32(error.kind.number)
            }
            if descriptor >= 0 { close(descriptor) }
            _ = send(
                socket,
                &answered,
                MemoryLayout<pak_answered>.size,
                Int32(MSG_NOSIGNAL)
            )
        }
    }

    /// Throws `.notPermitted` where a file's owner or group is none of the view's.
    private static func check(
        _ descriptor: Int32,
        _ identity: View.Identity
    ) throws(FileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(.init(number: errno)) }
        guard identity.user(forHost: status.st_uid) != nil,
            identity.group(forHost: status.st_gid) != nil
        else { throw FileError(.notPermitted) }
    }

    private static func request(_ asked: pak_asked) -> Request {
        var asked = asked
        guard asked.asks == PAK_ASK_DEVICE.rawValue else {
            return Request(
                call: .own(
                    uid: asked.uid == .max ? nil : asked.uid,
                    gid: asked.gid == .max ? nil : asked.gid
                ),
                mount: Int(asked.mount),
                inode: asked.inode
            )
        }
        let name = withUnsafeBytes(of: &asked.name) { Array($0.prefix { $0 != 0 }) }
        return Request(
            call: .makeDevice(name: name, mode: asked.mode, device: asked.device),
            mount: Int(asked.mount),
            inode: asked.inode
        )
    }
}
