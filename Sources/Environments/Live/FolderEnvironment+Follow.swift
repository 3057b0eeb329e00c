package import FileTree
import Synchronization

extension FolderEnvironment {
    /// Goes with what happens in the folder from now on, on a thread of its own.
    ///
    /// Errors: those of inotify(7), and of threads; what the folder had is shown then.
    package func follow() throws(FileError) {
        let events = try FileEvents()
        try Worker.start { [self] in
            var watch = FolderWatch(folder, events)
            settle(&watch)
            refresh()
            while let first = events.next(within: isWaiting ? Self.look : -1) {
                // Nothing has happened that would be told of, and still it may be whole by now.
                var hasChanged = first.isEmpty || take(first, &watch)
                // What comes at once is shown at once.
                for _ in 0..<Self.patience {
                    guard let more = events.next(within: Self.quiet), !more.isEmpty else { break }
                    if take(more, &watch) { hasChanged = true }
                }
                if hasChanged { refresh() }
            }
        }
    }

    /// Milliseconds without an event that end a burst, and how often they begin again at most.
    private static var quiet: Int32 { 100 }
    private static var patience: Int { 20 }
    /// Milliseconds after which what is written elsewhere is looked at again.
    private static var look: Int32 { 1000 }

    /// Whether anything of the folder may be another than before.
    private func take(_ events: [FileEvents.Event], _ watch: inout FolderWatch) -> Bool {
        var hasChanged = false
        for event in events {
            switch watch.meaning(of: event) {
            case .nothing: continue
            case .name: take(event)
            case .folder:
                settle(&watch)
                loseEvents(isSame: event.kinds.contains(.overflow))
            }
            hasChanged = true
        }
        return hasChanged
    }

    private func settle(_ watch: inout FolderWatch) {
        do throws(FileError) { try watch.settle() } catch {
            // That there is none is told of when it is read.
            if error.kind != .notFound {
                log("environment \(name) is read at SIGHUP alone: \(error)")
            }
        }
    }
}

/// Where events of a folder come from: the folder that is at a path, and the one above it, which
/// tells when another takes its place.
///
/// That a folder was removed it does not tell itself for as long as somebody has a file open that
/// was in it, as we have.
struct FolderWatch {
    private let path: String
    private let events: FileEvents
    private var folder: Int32?
    private var above: Int32?

    init(_ path: String, _ events: FileEvents) {
        self.path = path
        self.events = events
    }

    /// What an event is about.
    enum Meaning {
        /// Nothing of the folder, or a folder that was there before.
        case nothing
        /// A name in the folder, or all of them.
        case name
        /// What is at the path.
        case folder
    }

    func meaning(of event: FileEvents.Event) -> Meaning {
        if event.kinds.contains(.overflow) { return .folder }
        if event.watch == folder {
            let ends: FileEvents.Kinds = [.gone, .moved, .ignored]
            return event.kinds.isDisjoint(with: ends) ? .name : .folder
        }
        return event.watch == above && event.name == name ? .folder : .nothing
    }

    private var parts: [Substring] { path.parts(at: "/") }
    private var name: String { parts.last.map(String.init) ?? "" }
    private var parent: String {
        let start = path.utf8.starts(with: "/".utf8) ? "/" : "./"
        return start + parts.dropLast().joined(separator: "/")
    }

    /// Watches what is at the path by now.
    ///
    /// Errors: those of inotify_add_watch(2): there is no folder.
    mutating func settle() throws(FileError) {
        let (old, oldAbove) = (folder, above)
        folder = nil
        // One that may not be listed tells nothing of names.
        above = try? events.watch(parent, Self.names)
        if let oldAbove, oldAbove != above { events.forget(oldAbove) }
        defer { if let old, old != folder { events.forget(old) } }
        folder = try events.watch(path, Self.all)
    }

    private static let names: FileEvents.Kinds = [.made, .movedIn, .movedOut, .removed]
    private static let all: FileEvents.Kinds = [
        .modified, .attributes, .closed, .movedOut, .movedIn, .made, .removed, .gone, .moved,
    ]
}
