import FUSEServer
import FileTree
import Glibc
import Namespaces
import ScratchFolder
import Synchronization
import Testing

/// A command of perl(1) in a view of the host with a tree in memory at /mnt, as root in the view.
///
/// What it changes is asked of the test, and done to the tree.
final class ServedView: Sendable {
    /// Why there can be none here; nil where there can.
    static let obstacle: String? = {
        if case .missing(let why, _) = Facility.fuse.check() { return why }
        return nil
    }()

    static var isPossible: Bool { obstacle == nil }
    static var reason: Comment { Comment(rawValue: obstacle ?? "") }

    let tree = MemoryTree(uid: geteuid(), gid: getegid())
    private let server = Mutex<FUSEServer?>(nil)
    private let asked = Mutex<[Request]>([])

    /// The requests that have come.
    var requests: [Request] { asked.withLock { $0 } }

    /// Runs a program, and returns what it printed.
    func run(
        _ program: String,
        answered: View.Answered = [.owners, .devices, .identities],
        refusing refusal: FileError? = nil
    ) throws -> String {
        let folder = try ScratchFolder()
        let view = View(
            steps: [
                .bind(from: .host("/"), at: .view("/")),
                .fuse(at: .view("/mnt"), options: "default_permissions,allow_other"),
                .temporary(at: .view("/media"), mode: 0o1777),
            ],
            identity: .root(),
            hasUsers: true,
            answered: answered
        )
        let script = "open STDOUT, '>', '\(folder["out"])'; chdir '/mnt'; umask 022; \(program)"
        let process = try ViewProcess.start(
            view,
            Command(["perl", "-we", script], environment: ["PATH=/usr/bin:/bin"], directory: "/"),
            handed: { (_, device) throws(FileError) in try self.serve(device) },
            answer: { (request) throws(FileError) in
                self.asked.withLock { $0.append(request) }
                if let refusal { throw refusal }
                try self.answer(request)
            }
        )
        #expect(process.wait() == .exited(0))
        let file = try #require(fopen(folder["out"], "re"))
        defer { fclose(file) }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&room, 1, room.count, file)
        return String(decoding: room[..<count], as: UTF8.self)
    }

    /// What has been recorded of a file.
    func stat(_ path: String) throws -> Stat {
        var node: any Node = tree.root
        for name in path.split(separator: "/") {
            node = try #require(node.directory).lookup(Array(name.utf8).span.bytes)
        }
        return try node.stat()
    }

    private func serve(_ device: Int32) throws(FileError) {
        var options = FUSEServer.Options()
        options.isWritable = true
        options.owners = Owners(users: [0...0], groups: [0...0], otherUser: 0, otherGroup: 0)
        let attachment = Attachment(root: tree.root, tree: tree)
        let server = FUSEServer(attachment, descriptor: device, options: options)
        self.server.withLock { $0 = server }
        try Worker.start {
            // The view's end is the mount's.
            try? server.run()
        }
    }

    private func answer(_ request: Request) throws(FileError) {
        guard let server = server.withLock({ $0 }) else { throw FileError(.notFound) }
        switch request.call {
        case .own(let uid, let gid): try server.own(inode: request.inode, uid: uid, gid: gid)
        case .makeDevice(let name, let mode, let device):
            try server.makeDevice(name, in: request.inode, mode: mode, device: device)
        }
    }
}
