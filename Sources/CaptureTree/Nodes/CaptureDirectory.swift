import FileTree
import Synchronization

/// A directory of a capture.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added to what the lock
/// guards.
final class CaptureDirectory: CaptureNode, @unchecked Sendable {
    override var directory: (any Directory)? { self }

    /// What a layer says of a name.
    private enum Step {
        /// The lower directory is all there is here.
        case untouched
        /// The name is the lower directory's, if it has it.
        case below(LowerPlace, (any Node)?)
        /// The layer's.
        case known(CaptureObject, CaptureEntry?)
        case missing
    }

    /// Asks the layer for a name in a directory that it knows; its lock is held.
    private static func step(_ directory: CaptureObject, _ name: UnsafeRawBufferPointer) -> Step {
        if let place = directory.entries.place(name) {
            let slot = directory.entries.slots[place]
            return slot.object.map { .known($0, slot.entry) } ?? .missing
        }
        return directory.lower.map { .below($0, $0.node) } ?? .missing
    }

    /// The lower directory of a place.
    private func below(_ place: LowerPlace) throws(FileError) -> any Directory {
        guard let directory = try layer.lowerNode(of: place).directory else {
            throw FileError(.inputOutput, "\(place.path): no directory any more")
        }
        return directory
    }

    /// Where a name is to be found.
    private enum Finding {
        case known(CaptureNode)
        /// In the lower directory, if it has it.
        case below(any Directory)
        case missing
    }

    private func finding(_ name: RawSpan) throws(FileError) -> Finding {
        if let below = untouched?.directory { return .below(below) }
        let step = try layer.state.withLock { (state) throws(FileError) -> Step in
            guard let directory = try object(in: state) else { return .untouched }
            return name.withUnsafeBytes { Self.step(directory, $0) }
        }
        switch step {
        case .known(let object, let entry): return .known(.make(layer, object, entry))
        case .missing: return .missing
        case .below(let place, let node):
            if let directory = node?.directory { return .below(directory) }
            return .below(try below(place))
        case .untouched: return lower?.directory.map { .below($0) } ?? .missing
        }
    }

    /// What a name stands for; nil when nothing.
    func find(_ name: RawSpan) throws(FileError) -> CaptureNode? {
        switch try finding(name) {
        case .known(let node): return node
        case .missing: return nil
        case .below(let below):
            do throws(FileError) { return .make(layer, try below.lookup(name)) } catch {
                if error.kind == .notFound { return nil }
                throw error
            }
        }
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        switch try finding(name) {
        case .known(let node): return NamedEntry(node, try node.stat())
        case .missing: throw FileError(.notFound)
        case .below(let below):
            let found = try below.entry(named: name)
            let node = CaptureNode.make(layer, found.node)
            // It may be another name of a file that has been touched.
            guard try node.object() == nil else { return NamedEntry(node, try node.stat()) }
            return NamedEntry(node, found.stat)
        }
    }

    // MARK: - Listing

    /// Positions up to here are those of the layer's own names, what is behind them the lower
    /// directory's, moved up.
    ///
    /// The largest that a file system gives is 2^63 - 1 for its end (ext4), and the one before
    /// that leaves room for just this much.
    private static var lowerStart: UInt64 { 1 << 31 }
    private static var lastCookie: UInt64 { 0x7fff_ffff_ffff_ffff }

    func list(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let object = try object()
        var cookie = cookie
        if cookie < Self.lowerStart {
            if let object {
                guard try listOwn(object, &cookie, body) else { return }
            } else if cookie != 0 {
                throw FileError(.badDirectoryOffset)
            }
            cookie = Self.lowerStart
        }
        if cookie == Self.lastCookie { return }
        let below: (any Directory)?
        if let object {
            below = try object.lower.map { (place) throws(FileError) in try self.below(place) }
        } else {
            below = lower?.directory
        }
        guard let below else { return }
        try below.entries(from: cookie - Self.lowerStart) { entry, name in
            let room = Self.lastCookie - Self.lowerStart
            let next = entry.next < room ? entry.next + Self.lowerStart : Self.lastCookie
            guard let stat = shown(entry.stat, name, in: object) else { return true }
            return body(DirectoryEntry(stat: stat, next: next), name)
        }
    }

    /// Lists the names that are the layer's own; false when `body` has had enough.
    private func listOwn(
        _ object: CaptureObject,
        _ cookie: inout UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) -> Bool {
        while true {
            // Some at a time, so that the lock is never held while `body` runs.
            let from = cookie
            let slots = try layer.state.withLock { (_) throws(FileError) -> [NameTable.Slot] in
                guard from <= object.entries.lastCookie else {
                    throw FileError(.badDirectoryOffset)
                }
                let rest = object.entries.slots[object.entries.firstPlace(after: from)...]
                return Array(rest.lazy.filter { $0.isListed }.prefix(32))
            }
            if slots.isEmpty { return true }
            for slot in slots {
                guard let object = slot.object else { continue }
                let entry = DirectoryEntry(stat: listed(object), next: slot.cookie)
                let name = slot.name
                guard body(entry, name.span.bytes) else { return false }
                cookie = slot.cookie
            }
        }
    }

    /// The attributes of a lower name as the capture shows it; nil when it does not.
    private func shown(_ stat: Stat, _ name: RawSpan, in directory: CaptureObject?) -> Stat? {
        let (isShown, object) = layer.state.withLock { state -> (Bool, CaptureObject?) in
            if let directory, let place = directory.entries.place(name) {
                let slot = directory.entries.slots[place]
                return (slot.isInPlace && slot.object != nil, slot.object)
            }
            // Another name of a file that has been touched.
            guard stat.links > 1 else { return (true, nil) }
            return (true, state.adopted[stat.qid.path]?.object)
        }
        guard isShown else { return nil }
        return object.map { listed($0) } ?? stat
    }

    /// The attributes of an object while it is listed: one whose lower object has changed is
    /// shown by its type.
    private func listed(_ object: CaptureObject) -> Stat {
        do { return try layer.stat(object) } catch {
            let qid = layer.state.withLock { _ in object.qid }
            return Stat(qid: qid, mode: Mode(object.type, 0))
        }
    }

    /// Whether no name is left in it.
    func isEmpty() throws(FileError) -> Bool {
        guard let object = try object() else {
            guard let below = lower?.directory else { return true }
            var isEmpty = true
            try below.entries(from: 0) { _, _ in
                isEmpty = false
                return false
            }
            return isEmpty
        }
        if layer.state.withLock({ _ in object.entries.liveCount > 0 }) { return false }
        guard let place = object.lower else { return true }
        var isEmpty = true
        try below(place).entries(from: 0) { _, name in
            isEmpty = layer.state.withLock { _ in object.entries.place(name) != nil }
            return isEmpty
        }
        return isEmpty
    }
}
