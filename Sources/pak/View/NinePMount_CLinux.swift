import CLinux
import FileTree
import Glibc
import NinePServer

/// A socket at which the kernel's 9P client finds a tree, until it is mounted.
final class NinePSocket {
    /// The socket's path.
    let path: String
    private let folder: String
    private let server: Server

    /// What mount(2) is told of a tree that never changes.
    static let data = "trans=unix,version=9p2000.L,msize=131096,cache=loose,access=any"

    /// Listens at a new socket.
    init(_ attachment: Attachment) throws(FileError) {
        folder = try HostFolder.makeNew("/tmp/pak")
        path = "\(folder)/socket"
        server = Server(tree: FixedTree(attachment))
        try server.listen(on: .unix(path: path))
    }

    // Once it is mounted nobody needs the name.
    deinit {
        unlink(path)
        rmdir(folder)
    }
}

/// A mount of the kernel's 9P client at a directory of the host.
enum NinePMount {
    /// Mounts a tree and serves it until it is unmounted; for root alone.
    ///
    /// `begin` is called once it is there.
    static func serve(
        _ attachment: Attachment,
        at directory: String,
        _ isFixed: Bool,
        _ begin: () -> Void
    ) throws(FileError) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw FileError(FileError.Kind(number: errno), "socketpair")
        }
        let (ours, kernels) = (ends[0], ends[1])
        let server = Server(tree: FixedTree(attachment))
        let serving = try Worker {
            // What goes wrong in the conversation ends it; then the mount says so to its users.
            try? server.serve(input: ours, output: ours)
        }
        let data =
            "trans=fd,rfdno=\(kernels),wfdno=\(kernels),version=9p2000.L,msize=131096,"
            + "cache=\(isFixed ? "loose" : "none"),access=any"
        let mounted = pak_mount("pak", directory, "9p", 1, data)
        let number = errno
        close(kernels)
        guard mounted == 0 else {
            serving.join()
            throw FileError(FileError.Kind(number: number), directory)
        }
        begin()
        BackgroundServer.tellReady()
        serving.join()
    }
}
