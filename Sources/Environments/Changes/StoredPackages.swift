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
        var packages: [Package] = []
        packages.reserveCapacity(text.packages.count)
        for stored in text.packages {
            packages.append(try package(stored, holder: holder))
        }
        return try UnionTree(
            packages: packages,
            rules: text.unionRules(),
            base: base,
            environment: name,
            cache: finder.stores.first?.tables,
            conflicts: &conflicts
        )
    }

    /// Whether what is added to `old` certainly goes with what is there, by the table of that;
    /// false where that is not known without looking at everything.
    package func fits(
        _ new: EnvironmentText,
        over old: EnvironmentText,
        environment: NamedEnvironment
    ) throws(FileError) -> Bool { false }
}
