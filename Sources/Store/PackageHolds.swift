package import Archive
package import FileTree
import Synchronization

/// The packages of a store that a process uses, each for as long as somebody has its hold: what is
/// shown may change for years, and what is shown no more is not kept.
package final class PackageHolds: Sendable {
    private let store: Store
    private let state = Mutex(State())

    private struct State {
        var lease: Lease?
        var holds: [ContentID: Held] = [:]
    }

    private struct Held {
        weak var hold: PackageHold?
    }

    /// Makes one of nothing.
    package init(_ store: Store) { self.store = store }

    /// Holds packages, and gives a hold of each.
    ///
    /// - Complexity: that of those that nobody holds so far. Errors: those of writing to the store.
    package func hold(_ packages: [StoredPackage]) throws(FileError) -> [ContentID: PackageHold] {
        try state.withLock { (state) throws(FileError) in
            var found: [ContentID: PackageHold] = [:]
            var new: [ContentID] = []
            for package in packages {
                if let known = state.holds[package.id]?.hold {
                    found[package.id] = known
                } else {
                    new.append(package.id)
                }
            }
            guard !new.isEmpty else { return found }
            let (lease, lines) = try store.lease(new, state.lease)
            state.lease = lease
            if state.holds.count > 4096 {
                state.holds = state.holds.filter { $0.value.hold != nil }
            }
            for (id, line) in zip(new, lines) {
                let hold = PackageHold(lease, line)
                state.holds[id] = Held(hold: hold)
                found[id] = hold
            }
            return found
        }
    }
}

/// Keeps one package in its store.
package final class PackageHold: Sendable {
    private let lease: Lease
    private let line: Int

    init(_ lease: Lease, _ line: Int) {
        self.lease = lease
        self.line = line
    }

    // One that cannot be taken back stays to the process's end: that keeps more than it must.
    deinit { try? lease.remove(line) }
}
