package import FileTree
import Synchronization

/// Tells of changes in folders of the host: one thread for all.
package enum Watcher {
    private static let state = Mutex(State())

    private struct State {
        var events: FileEvents?
        /// By the folder, and by who asked.
        var handlers: [Int32: [String: @Sendable () -> Void]] = [:]
    }

    /// Calls `body`, on a thread of its own, after files of `folder` have changed, and for the last
    /// time when the folder is gone.
    ///
    /// It takes the place of the one that was `name`'s there. With `namesOnly` it need not be told
    /// of what is written to files, as to the lock that whoever is told may take himself. Errors:
    /// those of inotify(7), with the folder.
    package static func watch(
        _ folder: String,
        for name: String,
        namesOnly: Bool = false,
        _ body: @escaping @Sendable () -> Void
    ) throws(FileError) {
        let first = try state.withLock { (state) throws(FileError) -> FileEvents? in
            var kinds: FileEvents.Kinds = [.made, .movedIn, .movedOut, .removed]
            if !namesOnly { kinds.formUnion([.modified, .closed]) }
            if let known = state.events {
                state.handlers[try known.watch(folder, kinds), default: [:]][name] = body
                return nil
            }
            let events = try FileEvents()
            state.handlers[try events.watch(folder, kinds), default: [:]][name] = body
            state.events = events
            return events
        }
        guard let first else { return }
        do throws(FileError) { try Worker.start { run(first) } } catch {
            // Else the next would take it that there is a thread.
            state.withLock { $0 = State() }
            throw error
        }
    }

    private static func run(_ events: FileEvents) {
        while let happened = events.next() {
            var changed: Set<Int32> = []
            var bodies: [@Sendable () -> Void] = []
            for event in happened {
                // Events that were too many to keep may have been of any folder.
                if event.kinds.contains(.overflow) {
                    changed.formUnion(state.withLock { $0.handlers.keys })
                } else if event.kinds.contains(.ignored) {
                    // The folder is gone: whoever watched it looks where it is by now.
                    let gone = state.withLock { $0.handlers.removeValue(forKey: event.watch) }
                    bodies += gone.map { Array($0.values) } ?? []
                } else {
                    changed.insert(event.watch)
                }
            }
            for watch in changed.sorted() {
                bodies += state.withLock { $0.handlers[watch].map { Array($0.values) } ?? [] }
            }
            for body in bodies { body() }
        }
    }
}
