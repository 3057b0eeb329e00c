package import Archive
package import FileTree
package import Store
import Synchronization
package import UnionTree

/// Opens packages of stores, each once for as long as somebody has it.
package final class StoredPackages: Sendable {
    private let finder: EnvironmentFinder
    private let frames: FrameCache
    private let opened = Mutex<[ContentID: PackageReference]>([:])

    /// Makes an opener of the packages that `finder` finds.
    package init(_ finder: EnvironmentFinder, frames: FrameCache = FrameCache()) {
        self.finder = finder
        self.frames = frames
    }

    /// How many bytes of indexes are compared with their hashes when packages are opened.
    ///
    /// They are those of a hundred thousand files and more, and take ten milliseconds. `pak store
    /// verify` reads all.
    package static let checkedBytes = 16 << 20

    /// Opens a package; `holder` is kept for as long as it is.
    ///
    /// Its index is compared with its hash unless that is longer than `checked`. Errors: `.notFound`
    /// with the package; `.malformed` where it is damaged, or not what its name says.
    package func package(
        _ stored: StoredPackage,
        holder: (any AnyObject & Sendable)? = nil,
        checked: Int = StoredPackages.checkedBytes
    ) throws(FileError) -> Package {
        if let known = opened.withLock({ $0[stored.id]?.package }) { return known }
        let path = try finder.path(of: stored)
        let file = try HostFile(path, holder: holder)
        guard let package = try Package.native(file, cache: frames), package.id == stored.id else {
            throw .malformed("\(path): not the package that its name says")
        }
        guard package.index.bytes.count > checked || package.index.isIntact else {
            throw .malformed("\(path): its index is damaged")
        }
        return opened.withLock { opened in
            if let known = opened[stored.id]?.package { return known }
            if opened.count > 4096 { opened = opened.filter { !$0.value.isGone } }
            opened[stored.id] = PackageReference(package)
            return package
        }
    }

    /// Whether the file of a package is the one that was opened, if it is open; else it is opened
    /// anew by who asks for it next, and its id says whether it is the package.
    ///
    /// Errors: `.notFound` where the package is gone; those of opening it.
    func isAsOpened(_ stored: StoredPackage) throws(FileError) -> Bool {
        guard let known = opened.withLock({ $0[stored.id]?.package }) else { return true }
        let file = try HostFile(finder.path(of: stored))
        guard file.identity != known.fileIdentity else { return true }
        opened.withLock { opened in
            if opened[stored.id]?.isOf(known) == true { opened[stored.id] = nil }
        }
        return false
    }

    /// What keeps a package in its store for as long as it is open.
    package typealias Holder = (StoredPackage) -> (any AnyObject & Sendable)?

    /// Opens all packages of an environment.
    ///
    /// Those that `near`, a state before, has are taken from there.
    package func packages(
        of text: EnvironmentText,
        holder: Holder = { _ in nil },
        near: Near? = nil
    ) throws(FileError) -> [Package] {
        var packages: [Package] = []
        packages.reserveCapacity(text.packages.count)
        let known = near?.tree.packages ?? []
        // Both are in the same order: that of the ids.
        let before = near?.text.packages ?? []
        var (here, there) = (0, 0)
        var checked = Self.checkedBytes
        while here < text.packages.count {
            let start = there
            while here < text.packages.count, there < min(before.count, known.count),
                text.packages[here].id == before[there].id
            {
                here += 1
                there += 1
            }
            // What none has come into is taken over at once.
            packages += known[start..<there]
            guard here < text.packages.count else { break }
            let stored = text.packages[here]
            if there < min(before.count, known.count), before[there].id < stored.id {
                there += 1
            } else {
                let new = try package(stored, holder: holder(stored), checked: checked)
                checked -= new.index.bytes.count
                packages.append(new)
                here += 1
            }
        }
        return packages
    }

    /// A state before, and its packages as a tree.
    package typealias Near = (text: EnvironmentText, tree: UnionTree)

    /// Joins the packages of an environment.
    ///
    /// Errors: those of `package` and of `UnionTree`; `conflicts` gets all of them. `near` is a
    /// state before.
    package func tree(
        of text: EnvironmentText,
        named name: String,
        base: (any Directory)? = nil,
        holder: Holder = { _ in nil },
        near: Near? = nil,
        _ conflicts: inout [Conflict]
    ) throws(FileError) -> UnionTree {
        try UnionTree(
            packages: packages(of: text, holder: holder, near: near),
            rules: text.unionRules(),
            base: base,
            environment: name,
            cache: finder.stores.first?.tables,
            near: near?.tree,
            lines: text.packagesHash,
            conflicts: &conflicts
        )
    }

    /// Whether what is to be certainly goes together; false where that is not known without looking
    /// at everything.
    ///
    /// It is found by the table of a state before, from which the next is made, so that each change
    /// costs as the first.
    ///
    /// Errors: those of reading packages and generations.
    package func fits(
        _ new: EnvironmentText,
        over record: GenerationRecord,
        in environment: NamedEnvironment
    ) throws(FileError) -> Bool {
        guard let cache = finder.stores.first?.tables else { return false }
        // Under other rules what is there need not go together.
        let rules = try new.unionRules()
        func kept(_ text: EnvironmentText) throws(FileError) -> KeptTable? {
            guard try text.unionRules() == rules else { return nil }
            return KeptTable(
                of: text.packages.map(\.id),
                rules,
                environment: environment.name,
                cache: cache,
                lines: text.packagesHash
            )
        }
        if try kept(new) != nil {
            // They went together before; whether they are there is another question.
            for stored in new.changes(from: record.text).new { _ = try package(stored) }
            return true
        }
        var base = record
        for _ in 0..<Self.steps {
            if let table = try kept(base.text) {
                let all = new.packages + base.text.packages
                let ids = new.packages.map(\.id)
                return try table.make(for: ids, lines: new.packagesHash) {
                    (id) throws(FileError) in
                    guard let stored = all.first(where: { $0.id == id }) else {
                        throw FileError(.notFound, "package \(id)")
                    }
                    return try self.package(stored)
                }
            }
            guard let parent = try environment.parent(of: base) else { return false }
            base = parent
        }
        return false
    }

    /// How many states before are looked at for a table: the next is made by a merge.
    private static let steps = 16
}
