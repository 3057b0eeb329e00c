import FileTree
import Store

/// What becomes of packages when another generation takes the place of the current one.
package struct GenerationStep: Sendable {
    /// The generation.
    package let number: Int
    /// Its identity.
    package let hash: String
    /// What becomes of packages, by their names.
    package let differences: [PackageDifference]
    /// Where it is in the log.
    let at: Int

    /// Goes back to what the current one was made of, so many times.
    ///
    /// Errors: `.notFound` with the generation that is the first.
    init(from state: GenerationLine, back steps: Int, in log: GenerationLog) throws(FileError) {
        var walk = GenerationWalk(try log.block(at: state.at))
        for _ in 0..<steps where try !walk.back(in: log) {
            throw FileError(.notFound, "before generation \(walk.block.number), which is the first")
        }
        self = try Self.end(of: walk, from: state, in: log)
    }

    /// Goes to any other.
    init(from state: GenerationLine, to number: Int, in log: GenerationLog) throws(FileError) {
        var walk = GenerationWalk(try log.block(at: state.at))
        if number <= state.current {
            while walk.block.number > number, try walk.back(in: log) {}
            if walk.block.number == number {
                self = try Self.end(of: walk, from: state, in: log)
                return
            }
        }
        guard let entry = try log.entries().first(where: { $0.line.makes(number) }) else {
            throw FileError(.notFound)
        }
        // What was made of the current one is what it is found again by.
        walk = GenerationWalk(try log.block(at: entry.at))
        let hash = walk.block.hash
        while walk.block.number > state.current, try walk.back(in: log) {}
        let isMadeOfIt = walk.block.number == state.current
        self.number = number
        self.hash = hash
        at = entry.at
        differences =
            if isMadeOfIt, let changes = walk.changes { changes.turned } else {
                try Self.compare(state.at, entry.at, in: log)
            }
    }

    private init(number: Int, hash: String, differences: [PackageDifference], at place: Int) {
        self.number = number
        self.hash = hash
        self.differences = differences
        at = place
    }

    private static func end(
        of walk: GenerationWalk,
        from state: GenerationLine,
        in log: GenerationLog
    ) throws(FileError) -> GenerationStep {
        let place = walk.block.place?.at ?? 0
        var differences = walk.changes?.straight
        if differences == nil { differences = try compare(state.at, place, in: log) }
        return GenerationStep(
            number: walk.block.number,
            hash: walk.block.hash,
            differences: differences ?? [],
            at: place
        )
    }

    private static func compare(
        _ from: Int,
        _ to: Int,
        in log: GenerationLog
    ) throws(FileError) -> [PackageDifference] {
        PackageDifference.list(from: try log.record(at: from).text, to: try log.record(at: to).text)
    }
}

/// A way from a generation to those it was made of, and what becomes of packages on it.
private struct GenerationWalk {
    /// Where it is.
    var block: GenerationBlock
    /// What became of packages; nil once it is not known.
    var changes: Changes? = Changes()

    init(_ block: GenerationBlock) { self.block = block }

    /// Goes to the parent; false where there is none.
    ///
    /// Errors: `.notFound` for one that was forgotten.
    mutating func back(in log: GenerationLog) throws(FileError) -> Bool {
        guard block.parent > 0 else { return false }
        guard let place = block.parentAt else {
            throw FileError(.notFound, "generation \(block.parent)")
        }
        if let base = block.base, base.at == place {
            changes?.undo(try block.content())
        } else {
            changes = nil
        }
        let number = block.parent
        block = try log.block(at: place)
        guard block.number == number else { throw .malformed("log: no generation \(number)") }
        return true
    }

    struct Changes {
        private var packages: [String: PackageDifference] = [:]

        /// Takes back what a generation changed.
        mutating func undo(_ content: GenerationBlock.Content) {
            for new in content.packages {
                packages[new.name, default: PackageDifference(old: new, new: new)].new = nil
            }
            for lost in content.lostPackages {
                packages[lost.name, default: PackageDifference()].new = lost
            }
        }

        /// What is other at the end than at the start.
        var straight: [PackageDifference] {
            let changed = packages.filter { $0.value.old != $0.value.new }
            return changed.sorted { $0.key < $1.key }.map(\.value)
        }

        /// The same the other way.
        var turned: [PackageDifference] {
            straight.map { PackageDifference(old: $0.new, new: $0.old) }
        }
    }
}
