package import FileTree
package import Store

/// What becomes of packages when another generation takes the place of the current one.
package struct GenerationStep: Sendable {
    /// The generation.
    package let number: Int
    /// Its identity.
    package let hash: String
    /// What becomes of packages, by their names; nothing where that is not known for `damage`.
    package let differences: [PackageDifference]
    /// The packages that have to be there for it, besides those that are there by what is current.
    package let needed: [StoredPackage]
    /// Why it cannot be told what is current.
    package private(set) var damage: FileError?
    /// Where it is in the log.
    let at: Int

    /// Goes back to what the current one was made of, so many times.
    ///
    /// Errors: `.notFound` with the generation that is the first, or was forgotten; `.malformed`
    /// where that is damaged, or which it is can be told no more.
    init(from state: GenerationLine, back steps: Int, in log: GenerationLog) throws(FileError) {
        do throws(FileError) {
            var walk = GenerationWalk(try log.block(of: state))
            let start = walk.block
            try walk.back(steps, in: log)
            self = try Self.end(of: walk, from: start, in: log)
        } catch {
            guard Self.isDamage(error), steps > 0, let former = try log.parent(of: state) else {
                throw error
            }
            var walk = GenerationWalk(try log.block(of: former))
            try walk.back(steps - 1, in: log)
            self = try Self.leaving(state, error, to: walk.block, in: log)
        }
    }

    /// Goes to any other: what is current need not be whole.
    ///
    /// Errors: as of `GenerationLog.place`, and of `GenerationLog.record` where the current one is
    /// damaged.
    init(from state: GenerationLine, to number: Int, in log: GenerationLog) throws(FileError) {
        do throws(FileError) {
            self = try Self.way(from: state, to: number, in: log)
        } catch {
            guard Self.isDamage(error) else { throw error }
            let target = try log.block(of: number)
            self = try Self.leaving(state, error, to: target, in: log)
        }
    }

    private static func isDamage(_ error: FileError) -> Bool {
        [.malformed, .inputOutput].contains(error.kind)
    }

    private static func way(
        from state: GenerationLine,
        to number: Int,
        in log: GenerationLog
    ) throws(FileError) -> GenerationStep {
        let start = try log.block(of: state)
        var walk = GenerationWalk(start)
        try walk.back(to: number, in: log)
        if walk.block.number == number { return try end(of: walk, from: start, in: log) }
        // Of others that were made since, or when what is between them is there no more.
        let target = try log.block(of: number)
        // What was made of the current one is what it is found again by.
        walk = GenerationWalk(target)
        try walk.back(to: state.current, in: log)
        if walk.block.number == state.current, let changes = walk.changes {
            return GenerationStep(target, changes.turned)
        }
        return GenerationStep(target, try compare(start, target, in: log))
    }

    private init(_ block: GenerationBlock, _ differences: [PackageDifference]) {
        number = block.number
        hash = block.hash
        self.differences = differences
        needed = differences.compactMap(\.new)
        at = block.place?.at ?? 0
    }

    /// Goes to one that is whole from one that is not: all that it has must be there.
    private init(_ record: GenerationRecord, leaving damage: FileError) {
        number = record.number
        hash = record.hash
        differences = []
        needed = record.text.packages
        self.damage = damage
        at = record.place?.at ?? 0
    }

    private static func leaving(
        _ state: GenerationLine,
        _ damage: FileError,
        to block: GenerationBlock,
        in log: GenerationLog
    ) throws(FileError) -> GenerationStep {
        let place = "generation \(state.current)"
        return GenerationStep(try log.record(of: block), leaving: damage.at(place))
    }

    private static func end(
        of walk: GenerationWalk,
        from start: GenerationBlock,
        in log: GenerationLog
    ) throws(FileError) -> GenerationStep {
        if let changes = walk.changes { return GenerationStep(walk.block, changes.straight) }
        return GenerationStep(walk.block, try compare(start, walk.block, in: log))
    }

    private static func compare(
        _ from: GenerationBlock,
        _ to: GenerationBlock,
        in log: GenerationLog
    ) throws(FileError) -> [PackageDifference] {
        PackageDifference.list(from: try log.record(of: from).text, to: try log.record(of: to).text)
    }
}

/// A way from a generation to those it was made of, and what becomes of packages on it.
private struct GenerationWalk {
    /// Where it is.
    var block: GenerationBlock
    /// What became of packages; nil once it is not known.
    var changes: Changes? = Changes()

    init(_ block: GenerationBlock) { self.block = block }

    /// Goes to a generation, or as near to it as there are parents that can be read: the way to
    /// what is there need not be.
    mutating func back(to number: Int, in log: GenerationLog) throws(FileError) {
        do throws(FileError) {
            while block.number > number, try back(in: log) {}
        } catch {
            guard error.kind == .malformed else { throw error }
            changes = nil
        }
    }

    /// Goes to the parent so many times.
    ///
    /// Errors: `.notFound` with the generation that is the first, or was forgotten.
    mutating func back(_ steps: Int, in log: GenerationLog) throws(FileError) {
        for _ in 0..<steps where try !back(in: log) {
            throw block.parent > 0
                ? FileError(.notFound, "generation \(block.parent)")
                : FileError(.notFound, "before generation \(block.number), which is the first")
        }
    }

    /// Goes to the parent; false where there is none, or it was forgotten.
    mutating func back(in log: GenerationLog) throws(FileError) -> Bool {
        guard block.parent > 0, let place = block.parentAt else { return false }
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
