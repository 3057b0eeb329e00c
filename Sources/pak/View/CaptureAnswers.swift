import CaptureTree
import Environments
import FUSEServer
import FileTree
import Glibc
import Namespaces
import Synchronization

/// The server of a capture, and what is answered by way of it in the kernel's place.
final class CaptureAnswers: Sendable {
    private let served = Mutex<(server: FUSEServer, worker: Worker)?>(nil)
    private let end = Condition()
    private let hasEnded = Atomic(false)

    /// For so many milliseconds the mount may be there without a write when the view has ended.
    private static let patience = 3000

    /// Serves a capture's tree on a mount's device, on threads of its own.
    func serve(
        _ attachment: Attachment,
        _ descriptor: Int32,
        _ options: FUSEServer.Options
    ) throws(FileError) {
        let server = FUSEServer(attachment, descriptor: descriptor, options: options)
        let log = options.log
        let worker = try Worker { [self] in
            do throws(FileError) { try server.run() } catch { log("\(error)") }
            end.lock()
            hasEnded.store(true, ordering: .releasing)
            end.wake()
            end.unlock()
        }
        served.withLock { $0 = (server, worker) }
    }

    /// Returns when nothing is mounted any more: true; or false when somebody outside of the view
    /// keeps the mount.
    ///
    /// All that the view's processes have written has come by then, since none of them is left.
    /// What others have stored by way of a mapping is asked for, and nothing is taken from them
    /// any more.
    func wait() -> Bool {
        let last = served.withLock { served in
            defer { served = nil }
            return served
        }
        guard let last else { return true }
        var writes = last.server.writes
        while !isOver() {
            let now = last.server.writes
            if now == writes {
                last.server.shut()
                last.worker.detach()
                return false
            }
            writes = now
        }
        last.worker.join()
        return true
    }

    /// Waits for the mount's end for a while; whether it has come.
    private func isOver() -> Bool {
        let deadline = timespec.after(milliseconds: Self.patience)
        end.lock()
        defer { end.unlock() }
        while !hasEnded.load(ordering: .acquiring) {
            if !end.wait(until: deadline) { return hasEnded.load(ordering: .acquiring) }
        }
        return true
    }

    /// Does what a system call asks for, as the layer keeps it.
    func answer(_ request: Request) throws(FileError) {
        guard let server = served.withLock({ $0?.server }) else { throw FileError(.notFound) }
        switch request.call {
        case .own(let uid, let gid): try server.own(inode: request.inode, uid: uid, gid: gid)
        case .makeDevice(let name, let mode, let device):
            try server.makeDevice(name, in: request.inode, mode: mode, device: device)
        }
    }
}
