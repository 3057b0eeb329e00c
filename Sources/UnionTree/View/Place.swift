import FileTree

/// Where a node is: the name it was found by, in numbers of a table and an index.
struct Place: Hashable {
    /// The shared directory that holds the name, or the topmost name of one package on the way.
    var directory: UInt32
    /// The position of that name in the shared directory.
    var position: UInt32
    /// What the node is: an entry of a package, the topmost or one below it; a shared directory;
    /// or a link of the table's own.
    var entry: TableEntry

    /// The place of a shared directory.
    static func shared(_ number: UInt32, _ record: DirectoryRecord) -> Place {
        Place(
            directory: record.parent,
            position: record.position,
            entry: TableEntry(package: TableEntry.directory, number: number)
        )
    }
}

/// What a step down by one name came to.
struct Step {
    enum Outcome {
        /// A node that packages have.
        case found
        /// No package has the name.
        case missing
        /// No package has the name, and if the base has, it is not to be seen.
        case hidden
        /// A directory that is to be seen only if the base has it.
        case foundIfBelow
    }

    var outcome: Outcome
    var place: Place
    /// Of a directory the qid's path, of anything else that of its directory.
    var hash: UInt64
    var isDirectory: Bool

    @inline(__always)
    static func none(_ outcome: Outcome, in place: Place) -> Step {
        Step(outcome: outcome, place: place, hash: 0, isDirectory: false)
    }
}
