public import Archive
public import FileTree

/// The table of a set of native packages that is kept in a folder, from which those of others are
/// made: what packages show together is known without opening them.
public struct KeptTable {
    private let table: Table
    private let ids: [ContentID]
    private let rules: UnionRules
    private let environment: String
    private let folder: String

    /// Finds the table of a set of packages in no base; nil where there is none.
    ///
    /// - Parameters:
    ///   - ids: of the packages, in any order.
    ///   - rules: how they are joined.
    ///   - environment: the name of theirs.
    ///   - folder: where tables are kept.
    ///   - lines: the hash of their lines, where that is known.
    public init?(
        of ids: [ContentID],
        _ rules: UnionRules,
        environment: String,
        cache folder: String,
        lines: ContentID? = nil
    ) {
        self.ids = ids.sorted()
        self.rules = rules
        self.environment = environment
        self.folder = folder
        // Whether one of them is Debian's is not known without opening them all.
        var found: Table?
        let packages = lines ?? PackageLines.id(of: self.ids)
        for usr in [true, false] where found == nil {
            let key = UnionMaker.key(packages, rules, environment: environment, usr: usr)
            found = TableFile.open(key, ids.count, in: folder)
        }
        guard let found else { return nil }
        table = found
    }

    /// The hashes of which the tree of a set of native packages in no base has one.
    ///
    /// Whether one of them is Debian's is not known without opening them all.
    public static func hashes(
        of ids: [ContentID],
        _ rules: UnionRules,
        environment: String
    ) -> [ContentID] {
        let packages = PackageLines.id(of: ids.sorted())
        return [true, false].map {
            UnionMaker.key(packages, rules, environment: environment, usr: $0)
        }
    }

    /// Makes the table of another set, and keeps it; false where a merge of all is needed, which
    /// says all that they disagree in.
    ///
    /// Only packages are opened that went or came, and those that have their names, too: then they
    /// agree about them.
    ///
    /// Errors: those of reading packages.
    public func make(
        for others: [ContentID],
        lines: ContentID? = nil,
        open: @escaping (ContentID) throws(FileError) -> Package
    ) throws(FileError) -> Bool {
        let after = others.sorted()
        let update = try TableUpdate(
            table,
            from: ids,
            to: after,
            openOld: { [ids] (number) throws(FileError) in try open(ids[number]) },
            openNew: { (number) throws(FileError) in try open(after[number]) }
        )
        guard var update else { return false }
        let key = UnionMaker.key(
            lines ?? PackageLines.id(of: after),
            rules,
            environment: environment,
            usr: update.usr
        )
        guard let storage = try update.make(key) else { return false }
        TableFile.write(storage, key, in: folder)
        return true
    }
}
