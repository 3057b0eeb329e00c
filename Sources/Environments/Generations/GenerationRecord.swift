import Archive
import FileTree
import Store

/// One state of an environment.
package struct GenerationRecord: Sendable, Equatable {
    /// Its number, from 1.
    package var number: Int
    /// The state that it was made of; 0 for the first.
    package var parent: Int
    /// When it was made, in seconds since 1970.
    package var time: Int64
    /// The command that made it.
    package var command: String
    /// The packages that were asked for by name, sorted.
    package var roots: [String] = []
    /// What it is.
    package var text = EnvironmentText()
    /// Where it is in the log; nil until it is there.
    var place: GenerationPlace?
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
        self.command = command
        self.roots = roots.sorted()
        self.text = text
    }

    /// Whether they are the same generation, wherever it is in the log.
    package static func == (a: GenerationRecord, b: GenerationRecord) -> Bool {
        a.number == b.number && a.parent == b.parent && a.time == b.time
            && a.command == b.command && a.roots == b.roots && a.text == b.text
    }

    /// Puts together what a block says, and those that it differs from, up to a whole one.
    ///
    /// Errors: `.malformed` where that is not what its hash says.
    init(_ blocks: [GenerationBlock]) throws(FileError) {
        guard let first = blocks.first else { throw .malformed("no generation") }
        self.init(
            number: first.number,
            parent: first.parent,
            time: first.time,
            command: first.command
        )
        place = first.place
        parentAt = first.parentAt
        // What is said last counts.
        var packages: [ContentID: StoredPackage?] = [:]
        var roots: [String: Bool] = [:]
        for block in blocks.dropLast() {
            for lost in block.lostPackages where packages[lost.id] == nil {
                packages[lost.id] = .some(nil)
            }
            for new in block.packages where packages[new.id] == nil { packages[new.id] = new }
            for root in block.roots where roots[root] == nil { roots[root] = true }
            for root in block.lostRoots where roots[root] == nil { roots[root] = false }
        }
        let whole = blocks[blocks.count - 1]
        let rules = blocks.lazy.compactMap(\.rules).first ?? []
        text = EnvironmentText(whole.packages, changed: packages, rules)
        self.roots = whole.roots.filter { roots[$0] == nil }
        self.roots += roots.filter(\.value).keys
        self.roots.sort()
        guard whole.lostPackages.isEmpty, whole.lostRoots.isEmpty, text.isInOrder,
            "\(text.hash)" == first.hash
        else { throw .malformed("generation \(number): not what its hash says") }
    }

    /// What is written for it: how it differs from `other`, of the same log, unless it is whole
    /// that it is read in less.
    func block(over other: GenerationRecord?) -> GenerationBlock {
        var block = GenerationBlock()
        block.number = number
        block.parent = parent
        block.parentAt = parentAt
        block.time = time
        block.command = command
        block.hash = "\(text.hash)"
        if let other, let place = other.place {
            var base = GenerationBlock.Base(
                at: place.at,
                depth: (place.base?.depth ?? 0) + 1,
                different: 0,
                whole: place.base?.whole ?? place.length
            )
            let changes = text.changes(from: other.text)
            (block.packages, block.lostPackages) = (changes.new, changes.lost)
            let (had, has) = (Set(other.roots), Set(roots))
            block.roots = roots.filter { !had.contains($0) }
            block.lostRoots = other.roots.filter { !has.contains($0) }
            block.rules = text.rules == other.text.rules ? nil : text.rules
            block.base = base
            base.different = (place.base?.different ?? 0) + block.bytes.count
            block.base = base
            if base.depth <= GenerationBlock.depthLimit, base.different <= base.whole {
                return block
            }
        }
        block.base = nil
        (block.packages, block.lostPackages) = (text.packages, [])
        (block.roots, block.lostRoots) = (roots, [])
        block.rules = text.rules.isEmpty ? nil : text.rules
        return block
    }
}
