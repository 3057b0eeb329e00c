import Archive
import FileTree

/// A directory of a union: one that packages share, or one package's own; over what the base has
/// at the same path.
final class UnionDirectory: UnionNode, Directory {
    let named: UnionName

    init(_ named: UnionName) { self.named = named }

    convenience init(_ view: View, _ place: Place, _ hash: UInt64, _ qid: Qid) {
        self.init(UnionName(view: view, place: place, hash: hash, qid: qid))
    }

    /// The position at the end of a directory of ext4, beyond which clients count no further.
    private static var lastCookie: UInt64 { 0x7fff_ffff_ffff_ffff }

    private var isRoot: Bool { place.entry == view.root.entry }

    func stat() throws(FileError) -> Stat {
        try view.directoryStat(place, qid, over: view.generation.below(place))
    }

    var parent: (any Directory)? { isRoot ? nil : view.parent(of: place) }

    func withName(_ body: (RawSpan) -> Void) {
        if isRoot { return body(rootName.span.bytes) }
        body(view.generation.name(place.entry).bytes)
    }

    /// The entry whose extended attributes these are.
    private var attributesOwner: TableEntry {
        guard place.entry.package == TableEntry.directory else { return place.entry }
        return view.generation.table.directory(place.entry.number).attributes
    }

    /// The base's directory, where no package lists this one: then the attributes are its.
    private func attributesBelow() throws(FileError) -> (any Directory)? {
        let owner = attributesOwner
        let isListed = view.generation.withIndex(owner.package) { $0.isListed(owner.number) }
        return isListed == true ? nil : try view.generation.below(place)
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        if let below = try attributesBelow() { return try below.attribute(name) }
        return try view.attribute(name, of: attributesOwner)
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        if let below = try attributesBelow() { return try below.attributeNames() }
        return view.attributeNames(of: attributesOwner)
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let step = name.withUnsafeBytes { view.generation.step(place, hash, $0) }
        return step.outcome == .found
            ? view.node(step, view.qid(step)) : try lookupBelow(name, step)
    }

    func entry(named name: RawSpan) throws(FileError) -> NamedEntry {
        let step = name.withUnsafeBytes { view.generation.step(place, hash, $0) }
        if step.outcome != .found, let below = try directoryBelow(step) {
            let found = try below.entry(named: name)
            if step.outcome != .foundIfBelow || found.node.directory == nil {
                return view.shown(found, view.node(ofBase: found.node, in: self))
            }
        }
        let node =
            step.outcome == .found
            ? view.node(step, view.qid(step)) : try lookupBelow(name, step)
        return NamedEntry(node, try node.stat())
    }

    /// The base's directory, where what no package has is to be found.
    private func directoryBelow(_ step: Step) throws(FileError) -> (any Directory)? {
        try view.generation.checkWhole(at: place)
        guard step.outcome != .hidden, view.generation.base != nil, !view.options.hidesBase else {
            return nil
        }
        return try view.generation.below(place)
    }

    /// Finds in the base what no package has.
    private func lookupBelow(_ name: RawSpan, _ step: Step) throws(FileError) -> any Node {
        guard let node = try directoryBelow(step)?.node(named: name) else {
            throw FileError(.notFound)
        }
        if step.outcome == .foundIfBelow, node.directory != nil {
            return view.node(step, view.qid(step))
        }
        return view.node(ofBase: node, in: self)
    }

    func walk(_ names: PathNames, _ qids: inout WalkedQids) throws(FileError) -> any Node {
        var names = names
        var last = Step(outcome: .found, place: place, hash: hash, isDirectory: true)
        var qid = qid
        var isHere = true
        // The view holds the generation: counting that for each step would make connections on
        // other threads wait for each other.
        let generation = Unmanaged.passUnretained(view.generation)
        while let name = names.next() {
            guard last.isDirectory else { throw FileError(.notDirectory) }
            let next = generation._withUnsafeGuaranteedRef {
                $0.step(last.place, last.hash, name)
            }
            guard next.outcome == .found else {
                guard view.generation.base != nil else {
                    try view.generation.checkWhole(at: last.place)
                    throw FileError(.notFound)
                }
                let from = isHere ? self : UnionDirectory(view, last.place, last.hash, qid)
                let node = try from.lookupBelow(name.bytes, next)
                qids.append(node.qid)
                guard names.count > 0 else { return node }
                guard let directory = node.directory else { throw FileError(.notDirectory) }
                return try directory.walk(names, &qids)
            }
            last = next
            isHere = false
            qid = view.qid(last)
            qids.append(qid)
        }
        return isHere ? self : view.node(last, qid)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try list(from: cookie, withNodes: false) { entry, name, _ in body(entry, name) }
    }

    var listsNodes: Bool {
        if view.options.hidesBase { return true }
        // What cannot be told of the base is for the listing to say.
        return (try? view.generation.below(place))?.listsNodes ?? true
    }

    func listNodes(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan, _ node: any Node) -> Bool
    ) throws(FileError) {
        try list(from: cookie, withNodes: true) { entry, name, node in
            // There is one of each entry then.
            body(entry, name, node ?? self)
        }
    }

    private typealias Body = (borrowing DirectoryEntry, RawSpan, _ node: (any Node)?) -> Bool

    private func list(
        from cookie: UInt64,
        withNodes: Bool,
        _ body: Body
    ) throws(FileError) {
        let generation = view.generation
        try generation.checkWhole(at: place)
        let below = try generation.below(place)
        func show(
            _ step: Step,
            _ name: UnsafeRawBufferPointer,
            _ next: UInt32
        ) throws(FileError) -> Bool {
            try list(step, name, next: next, over: below, withNodes: withNodes, body)
        }
        var count: UInt64
        if place.entry.package == TableEntry.directory {
            let record = generation.table.record(place.entry.number)
            count = UInt64(record.pointee.entryCount)
            var position = UInt32(min(cookie, count))
            while position < record.pointee.entryCount {
                generation.prefetch(record, after: position)
                let name = generation.name(generation.table.entry(record, position))
                let step = generation.step(place, record, position) { generation.hash(name) }
                if name.isEmpty { try generation.checkWhole(at: step.place) }
                position += 1
                guard try show(step, name, position) else { return }
            }
        } else {
            let package = place.entry.package
            let children =
                generation.withIndex(package) { $0.children(place.entry.number) } ?? 0..<0
            count = UInt64(children.count)
            var position = UInt32(min(cookie, count))
            while position < UInt32(count) {
                var child = place
                child.entry.number = children.lowerBound + position
                position += 1
                // Two directories of a broken index may claim the same entries.
                let parent = generation.withIndex(package) { $0.parent(child.entry.number) }
                guard parent == place.entry.number else { continue }
                let name = generation.name(child.entry)
                let step = generation.step(to: child, in: hash) { generation.hash(name) }
                guard try show(step, name, position) else { return }
            }
        }
        // What was listed may have been found to be gone on the way.
        try generation.checkWhole(at: place)
        // Behind the packages' names come those of the base, at the base's own positions.
        if let below, !view.options.hidesBase {
            let isEnd = cookie == Self.lastCookie
            let start = isEnd ? cookie : cookie < count ? 0 : cookie - count
            try listBelow(below, from: start, after: count, withNodes: withNodes, body)
        } else if cookie > count {
            throw FileError(.badDirectoryOffset)
        }
    }

    private func list(
        _ step: Step,
        _ name: UnsafeRawBufferPointer,
        next: UInt32,
        over below: (any Directory)?,
        withNodes: Bool,
        _ body: Body
    ) throws(FileError) -> Bool {
        // What shows only where the base has it comes with the base's names.
        guard step.outcome == .found else { return true }
        var stat: Stat
        if step.isDirectory {
            var lower: (any Directory)?
            if let below, !view.generation.hidesBase(step.place) {
                lower = try below.node(named: name.bytes)?.directory
            }
            stat = view.directoryStat(step.place, view.qid(step), over: lower)
        } else {
            stat = view.stat(step.place, view.qid(step))
        }
        let node = withNodes ? view.node(step, view.qid(step)) : nil
        return body(DirectoryEntry(stat: stat, next: UInt64(next)), name.bytes, node)
    }

    /// A position of the base behind so many names of packages; nil where it would be none that a
    /// client can ask for (a negative one to Linux), or one that stands for something else.
    private static func shifted(_ cookie: UInt64, by count: UInt64) -> UInt64? {
        if cookie == lastCookie { return cookie }
        let (next, overflow) = cookie.addingReportingOverflow(count)
        // The server's own numbers for the two dots are just below the last.
        return overflow || next >= lastCookie - 2 ? nil : next
    }

    private func listBelow(
        _ below: any Directory,
        from cookie: UInt64,
        after count: UInt64,
        withNodes: Bool,
        _ body: Body
    ) throws(FileError) {
        var hasRoom = true
        func show(
            _ entry: borrowing DirectoryEntry,
            _ name: RawSpan,
            _ node: (any Node)?
        ) -> Bool {
            let step = name.withUnsafeBytes { view.generation.step(place, hash, $0) }
            if step.outcome == .found || step.outcome == .hidden { return true }
            var stat = view.options.masked(entry.stat)
            if stat.qid.type.contains(.directory) {
                if step.outcome == .foundIfBelow {
                    stat.qid = view.qid(step)
                } else {
                    stat.qid.path = BaseDirectory.qidPath(name, in: hash, view)
                }
            }
            guard let next = Self.shifted(entry.next, by: count) else {
                hasRoom = false
                return false
            }
            let isOurs = step.outcome == .foundIfBelow && stat.qid.type.contains(.directory)
            let shown = node.map {
                isOurs ? view.node(step, view.qid(step)) : view.node(ofBase: $0, in: self)
            }
            return body(DirectoryEntry(stat: stat, next: next), name, shown)
        }
        if withNodes {
            try below.listNodes(from: cookie) { entry, name, node in show(entry, name, node) }
        } else {
            try below.entries(from: cookie) { entry, name in show(entry, name, nil) }
        }
        guard hasRoom else {
            throw FileError(.inputOutput, "a listing below goes on where no client can count to")
        }
    }
}

/// The name of a root.
let rootName: InlineArray<1, UInt8> = [UInt8(ascii: "/")]
