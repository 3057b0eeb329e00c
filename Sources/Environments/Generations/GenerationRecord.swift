package import Archive
package import FileTree
import Store

/// One state of an environment.
package struct GenerationRecord: Sendable, Equatable {
    /// Its number, from 1.
    package var number: Int
    /// The state that it was made of; 0 for the first.
    package var parent: Int
    /// When it was made, in seconds since 1970.
    package var time: Int64
    /// The command that made it; of a long one the beginning.
    package private(set) var command: String
    /// The packages that were asked for by name, sorted.
    package var roots: [String] = []
    /// What it is.
    package var text = EnvironmentText()
    /// The identity of what it is, in digits.
    package private(set) var hash: String
    /// Where it is in the log; nil until it is there.
    var place: GenerationPlace?
    /// The list that it stands in, where it stands in one; others may differ from it.
    package var list: ContentID? { place?.list?.id }
    /// The numbers that its packages have in the log, where they have such; others may differ from
    /// it.
    ///
    /// Errors: `.malformed`.
    package func numbers() throws(FileError) -> [Int] {
        try place?.known.map { (known) throws(FileError) in
            try GenerationBlock.Known.read(known.numbers)
        } ?? []
    }

    /// Where its parent is in the log.
    var parentAt: Int?

    package init(
        number: Int,
        parent: Int,
        time: Int64,
        command: String,
        roots: [String] = [],
        text: EnvironmentText = EnvironmentText()
    ) {
        self.number = number
        self.parent = parent
        self.time = time
        self.command = Self.cut(command)
        self.roots = roots.sorted()
        self.text = text
        hash = "\(text.hash)"
    }

    /// The beginning of a command, for a log: how the packages of a long one differ from those
    /// before is told by the generations.
    private static func cut(_ command: String) -> String {
        let limit = 256
        guard command.utf8.count > limit else { return command }
        let front = command.utf8.prefix(limit)
        let words = front.lastIndex(of: UInt8(ascii: " ")).map { front[..<$0] } ?? front
        return String(decoding: words, as: UTF8.self) + " ..."
    }

    /// Takes what a block says of itself, without what the generation is.
    private init(head block: GenerationBlock) {
        number = block.number
        parent = block.parent
        time = block.time
        command = block.command
        hash = block.hash
        place = block.place
        parentAt = block.parentAt
    }

    /// Whether `block` is what a log says of it.
    func isSaid(by block: GenerationBlock) -> Bool {
        number == block.number && hash == block.hash && parent == block.parent
            && time == block.time && command == block.command
    }

    /// Whether they are the same generation, wherever it is in the log.
    package static func == (a: GenerationRecord, b: GenerationRecord) -> Bool {
        a.number == b.number && a.parent == b.parent && a.time == b.time
            && a.command == b.command && a.roots == b.roots && a.text == b.text
    }

    /// Puts together what a block says, and those that it differs from, up to a whole one, or up
    /// to one that differs from `base`.
    ///
    /// Errors: `.malformed` where that is not what its hash says.
    init(_ blocks: [GenerationBlock], over base: GenerationRecord? = nil) throws(FileError) {
        guard let first = blocks.first else { throw .malformed("no generation") }
        self.init(head: first)
        // What is said last counts.
        var packages: [ContentID: StoredPackage?] = [:]
        var roots: [String: Bool] = [:]
        var rules: [EnvironmentRule]?
        var whole = GenerationBlock.Content()
        if let base { (whole.packages, whole.roots) = (base.text.packages, base.roots) }
        for (place, block) in blocks.enumerated() {
            let content = try block.content()
            rules = rules ?? content.rules
            if base == nil, place == blocks.count - 1 {
                whole = content
                break
            }
            for lost in content.lostPackages where packages[lost.id] == nil {
                packages[lost.id] = .some(nil)
            }
            for new in content.packages where packages[new.id] == nil { packages[new.id] = new }
            for root in content.roots where roots[root] == nil { roots[root] = true }
            for root in content.lostRoots where roots[root] == nil { roots[root] = false }
        }
        text = EnvironmentText(whole.packages, changed: packages, rules ?? base?.text.rules ?? [])
        self.roots = Self.roots(base == nil ? whole.roots.sorted() : whole.roots, roots)
        let new = base == nil ? text.packages : packages.values.compactMap { $0 }
        guard whole.lostPackages.isEmpty, whole.lostRoots.isEmpty, text.isInOrder(new: new),
            "\(text.takeHash())" == hash
        else { throw .malformed("generation \(number): not what its hash says") }
    }

    /// Takes back what `content` says that `child` has changed of it.
    init(_ block: GenerationBlock, of child: GenerationRecord, _ content: GenerationBlock.Content) {
        self.init(head: block)
        var changed: [ContentID: StoredPackage?] = [:]
        for new in content.packages { changed[new.id] = .some(nil) }
        for lost in content.lostPackages { changed[lost.id] = lost }
        text = EnvironmentText(child.text.packages, changed: changed, child.text.rules)
        var changes: [String: Bool] = [:]
        for new in content.roots { changes[new] = false }
        for lost in content.lostRoots { changes[lost] = true }
        roots = Self.roots(child.roots, changes)
    }

    /// The sorted roots after changes: a name that is there by now, or is not.
    private static func roots(_ roots: [String], _ changes: [String: Bool]) -> [String] {
        var roots = roots
        guard changes.count <= 8 else {
            roots.removeAll { changes[$0] != nil }
            roots += changes.filter(\.value).keys
            roots.sort()
            return roots
        }
        // Of many that stay none is hashed or moved by itself.
        for (name, isThere) in changes {
            if let place = roots.firstIndex(of: name) {
                if !isThere { roots.remove(at: place) }
            } else if isThere {
                roots.insert(name, at: roots.firstIndex { name < $0 } ?? roots.count)
            }
        }
        return roots
    }

    /// What is written for it, and its place with that: how it differs from `other`, of the same log,
    /// unless it is whole that it is read in less, or that would be long.
    ///
    /// Errors: as of `PackageNumbers.of`, whose packages it names where they are many.
    func written(
        at place: Int,
        over other: GenerationRecord?,
        _ numbers: inout PackageNumbers
    ) throws(FileError) -> (place: GenerationPlace, block: [UInt8]) {
        var block = GenerationBlock()
        block.number = number
        block.parent = parent
        block.parentAt = parentAt
        block.command = command
        block.hash = hash
        func written(_ bytes: [UInt8]) -> (place: GenerationPlace, block: [UInt8]) {
            let bytes = block.head + bytes
            return (block.place(at: place, length: bytes.count), bytes)
        }
        var content = GenerationBlock.Content()
        if let other, let known = other.place {
            let changes = text.changes(from: other.text)
            (content.packages, content.lostPackages) = (changes.new, changes.lost)
            if roots != other.roots {
                let (had, has) = (Set(other.roots), Set(roots))
                content.roots = roots.filter { !had.contains($0) }
                content.lostRoots = other.roots.filter { !has.contains($0) }
            }
            content.rules = text.rules == other.text.rules ? nil : text.rules
            let bytes = content.bytes
            var base = GenerationBlock.Base(
                at: known.at,
                depth: (known.base?.depth ?? 0) + 1,
                different: 0,
                whole: known.base?.whole ?? known.wholeLength
            )
            block.base = base
            base.different = (known.base?.different ?? 0) + block.head.count + bytes.count
            block.base = base
            if base.depth <= GenerationBlock.depthLimit, base.different <= base.whole,
                bytes.count <= GenerationBlock.contentLimit
            {
                return written(bytes)
            }
        }
        block.base = nil
        (content.packages, content.lostPackages) = (text.packages, [])
        (content.roots, content.lostRoots, content.rules) = (roots, [], nil)
        let length = content.bytes.count
        if length > GenerationBlock.contentLimit {
            block.known = try content.number(&numbers, length)
        }
        content.rules = text.rules.isEmpty ? nil : text.rules
        return written(content.bytes)
    }
}
