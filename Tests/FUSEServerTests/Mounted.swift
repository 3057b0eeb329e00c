import CLinux
import Differential
import FUSEServer
import FileTree
import Glibc
import Synchronization
import Testing

/// A tree behind the kernel's FUSE client, in mounts of one thread's own.
enum Mounted {
    /// Why there can be none here; nil where there can.
    static let obstacle: String? = {
        let why = Mutex<String?>(nil)
        PrivateMounts.run { mayMount in
            guard mayMount else {
                return why.withLock { $0 = "this user may not mount" }
            }
            let device = pak_fuse_open()
            if device < 0 {
                why.withLock { $0 = "/dev/fuse: \(String(cString: strerror(errno)))" }
            } else {
                close(device)
            }
        }
        return why.withLock { $0 }
    }()

    static var isPossible: Bool { obstacle == nil }
    static var reason: Comment { Comment(rawValue: obstacle ?? "") }

    /// Mounts what `make` makes in an arena, shows the mount's path to `body`, unmounts and waits
    /// for the server's end; returns what it complained of.
    @discardableResult
    static func run(
        _ options: FUSEServer.Options = writable,
        _ make: @escaping @Sendable (Arena) throws -> FileTree.Attachment,
        _ body: @escaping @Sendable (String, FUSEServer) throws -> Void
    ) throws -> [String] {
        let complaints = Mutex<[String]>([])
        let failure = Mutex<(any Error)?>(nil)
        PrivateMounts.run { mayMount in
            do {
                let arena = try Arena(mayMount: mayMount)
                var options = options
                options.log = { line in complaints.withLock { $0.append(line) } }
                try serve(make(arena), at: arena.directory("fuse"), options, body)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return complaints.withLock { $0 }
    }

    private static func serve(
        _ attachment: FileTree.Attachment,
        at path: String,
        _ options: FUSEServer.Options,
        _ body: (String, FUSEServer) throws -> Void
    ) throws {
        var mount = FUSEMount.Options()
        mount.allowsOthers = true
        mount.isReadOnly = !options.isWritable
        let descriptor = try FUSEMount.mount(at: path, mount)
        let server = FUSEServer(attachment, descriptor: descriptor, options: options)
        let failure = Mutex<FileError?>(nil)
        let worker = try Worker {
            do throws(FileError) { try server.run() } catch {
                failure.withLock { $0 = error }
            }
        }
        let mask = umask(0)
        defer { umask(mask) }
        let result = Result { try body(path, server) }
        try FUSEMount.unmount(path, lazily: true)
        worker.join()
        try result.get()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    static var writable: FUSEServer.Options {
        var options = FUSEServer.Options()
        options.isWritable = true
        return options
    }
}
