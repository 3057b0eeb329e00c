import FileTree
import Glibc
import Synchronization

/// Tells of changes in folders of the host, by inotify(7): one thread and one descriptor for all.
enum Watcher {
    private static let state = Mutex(State())

    private struct State {
        var descriptor: Int32 = -1
        var handlers: [Int32: @Sendable () -> Void] = [:]
    }

    /// Calls `body`, on a thread of its own, after files of `folder` have changed.
    ///
    /// Errors: those of inotify(7), with the folder.
    static func watch(
        _ folder: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(FileError) {
        var failure: Int32 = 0
        var isFirst = false
        let descriptor = state.withLock { state -> Int32 in
            if state.descriptor < 0 {
                state.descriptor = inotify_init1(Int32(IN_CLOEXEC))
                isFirst = true
            }
            guard state.descriptor >= 0 else {
                failure = errno
                return -1
            }
            let events = UInt32(IN_MODIFY | IN_CLOSE_WRITE | IN_MOVE | IN_DELETE)
            let watch = inotify_add_watch(state.descriptor, folder, events)
            if watch < 0 { failure = errno } else { state.handlers[watch] = body }
            return state.descriptor
        }
        guard failure == 0 else { throw FileError(.init(number: failure), folder) }
        guard isFirst else { return }
        do throws(FileError) { try Worker.start { run(descriptor) } } catch {
            // Else the next would take it that there is a thread.
            state.withLock { $0 = State() }
            close(descriptor)
            throw error
        }
    }

    private static func run(_ descriptor: Int32) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
        defer { room.deallocate() }
        while true {
            let count = read(descriptor, room.baseAddress, room.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var changed: Set<Int32> = []
            var at = 0
            let head = MemoryLayout<inotify_event>.size
            while at + head <= count {
                let event = room.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                // Events that were too many to keep may have been of any folder.
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                    changed.formUnion(state.withLock { $0.handlers.keys })
                } else {
                    changed.insert(event.wd)
                }
                at += head + Int(event.len)
            }
            for watch in changed.sorted() { state.withLock { $0.handlers[watch] }?() }
        }
    }
}
