package import Archive
package import FileTree
package import Store
import Synchronization
package import UnionTree

/// Opens packages of stores, each once for as long as somebody has it.
package final class StoredPackages: Sendable {
    private let finder: EnvironmentFinder
    private let frames: FrameCache
    private let opened = Mutex<[ContentID: Held]>([:])

    private struct Held: Sendable {
        weak var package: Package?
    }

    /// Makes an opener of the packages that `finder` finds.
    package init(_ finder: EnvironmentFinder, frames: FrameCache = FrameCache()) {
        self.finder = finder
        self.frames = frames
    }

    /// Opens a package; `holder` is kept for as long as it is.
    ///
    /// Errors: `.notFound` with the package; `.malformed` where it is damaged, or not what its
    /// name says.
    package func package(
        _ stored: StoredPackage,
        holder: (any AnyObject & Sendable)? = nil
    ) throws(FileError) -> Package {
        if let known = opened.withLock({ $0[stored.id]?.package }) { return known }
        let path = try finder.path(of: stored)
        let file = try HostFile(path, holder: holder)
        guard let package = try Package.native(file, cache: frames), package.id == stored.id else {
            throw .malformed("\(path): not the package that its name says")
        }
        return opened.withLock { opened in
            if let known = opened[stored.id]?.package { return known }
            if opened.count > 4096 { opened = opened.filter { $0.value.package != nil } }
            opened[stored.id] = Held(package: package)
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
            if opened[stored.id]?.package === known { opened[stored.id] = nil }
        }
        return false
    }

    /// Opens all packages of an environment.
    package func packages(
        of text: EnvironmentText,
        holder: (any AnyObject & Sendable)? = nil
    ) throws(FileError) -> [Package] {
        var packages: [Package] = []
        packages.reserveCapacity(text.packages.count)
        for stored in text.packages {
            packages.append(try package(stored, holder: holder))
        }
        return packages
    }

    /// Joins the packages of an environment.
    ///
    /// Errors: those of `package` and of `UnionTree`; `conflicts` gets all of them.
    package func tree(
        of text: EnvironmentText,
        named name: String,
        base: (any Directory)? = nil,
        holder: (any AnyObject & Sendable)? = nil,
        _ conflicts: inout [Conflict]
    ) throws(FileError) -> UnionTree {
        try UnionTree(
            packages: packages(of: text, holder: holder),
            rules: text.unionRules(),
            base: base,
            environment: name,
            cache: finder.stores.first?.tables,
            conflicts: &conflicts
        )
    }

    /// Whether what `new` adds certainly goes with what is there; false where that is not known
    /// without looking at everything.
    ///
    /// It is found by the table of a state before, to which all since then are additions.
    ///
    /// Errors: those of reading packages and generations.
    package func fits(
        _ new: EnvironmentText,
        over record: GenerationRecord,
        in environment: NamedEnvironment
    ) throws(FileError) -> Bool {
        guard let cache = finder.stores.first?.tables else { return false }
        // Each is compared with each: of many, a merge is less.
        let count = new.packages.count - record.text.packages.count
        guard count <= Self.additionLimit else { return false }
        let rules = try new.unionRules()
        // Under other rules what is there need not go together.
        guard try record.text.unionRules() == rules else { return false }
        let isGrown = Self.additions(to: record.text, new) != nil
        let known = Set(record.text.packages.map(\.id))
        var base = record
        for _ in 0..<Self.steps {
            if let additions = Self.additions(to: base.text, new),
                try base.text.unionRules() == rules
            {
                // What another package has hidden may show when that is gone: then all that has
                // come since the table is looked at.
                // And so it is when the table has what is not there now, and comes again.
                let isBefore = Self.additions(to: base.text, record.text) != nil
                let fresh =
                    isGrown && isBefore ? additions.filter { !known.contains($0.id) } : additions
                let fits = try fits(fresh, additions, to: base.text, rules, environment.name, cache)
                if let fits { return fits }
            }
            guard let parent = try environment.parent(of: base) else { return false }
            base = parent
        }
        return false
    }

    /// How many states before are looked for a table: the next is made by a merge.
    private static let steps = 16
    /// How many packages are compared one by one.
    private static let additionLimit = 16

    /// What `new` has beyond `old`; nil where it lacks something of it.
    private static func additions(
        to old: EnvironmentText,
        _ new: EnvironmentText
    ) -> [StoredPackage]? {
        var rest = old.packages[...]
        let additions = new.packages.filter { package in
            guard rest.first?.id == package.id else { return true }
            rest = rest.dropFirst()
            return false
        }
        return rest.isEmpty ? additions : nil
    }

    /// Nil where there is no table of `old`.
    private func fits(
        _ fresh: [StoredPackage],
        _ additions: [StoredPackage],
        to old: EnvironmentText,
        _ rules: UnionRules,
        _ name: String,
        _ cache: String
    ) throws(FileError) -> Bool? {
        for stored in fresh {
            let added = try package(stored)
            let there = old.packages
            let fit = Fit(
                added,
                to: there.map(\.id),
                rules,
                environment: name,
                cache: cache
            ) { (number) throws(FileError) in try self.package(there[number]) }
            guard var fit else { return nil }
            guard try fit.holds() else { return false }
            for other in additions where other != stored {
                guard try fit.holds(with: package(other)) else { return false }
            }
        }
        return true
    }
}
