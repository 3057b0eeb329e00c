import Archive
import FileTree
import Synchronization
import UnionTree

/// Packages that were asked for alone, each as a tree of its own; for any thread.
final class LonePackages: Sendable {
    /// A package at a place where it is shown.
    private struct Key: Hashable {
        var id: ContentID
        var place: String
    }

    private let trees = Mutex<[Key: UnionTree]>([:])
    private static let limit = 64

    /// The tree of a package that is shown at `place`.
    ///
    /// Errors: those of `UnionTree`.
    func tree(of package: Package, at place: String) throws(FileError) -> UnionTree {
        let key = Key(id: package.id, place: place)
        // A directory that was put in another's place may have the id of that, and other files.
        if let known = trees.withLock({ $0[key] }), known.packages.first === package {
            return known
        }
        // Directories have qids of their own: the same path is another one in the view, and at
        // another place.
        let tree = try UnionTree(packages: [package], environment: "\(place)/\(package.id)")
        trees.withLock { trees in
            if trees.count >= Self.limit { trees.removeAll() }
            trees[key] = tree
        }
        return tree
    }

    /// Lets go of all but those that `kept` names, which is not asked where there are none.
    func forget(keeping kept: () -> Set<ContentID>) {
        guard trees.withLock({ !$0.isEmpty }) else { return }
        let ids = kept()
        let gone = trees.withLock { trees in
            let gone = trees.filter { !ids.contains($0.key.id) }
            for key in gone.keys { trees[key] = nil }
            return gone
        }
        // What they held is closed without the lock.
        _ = gone
    }
}
