import CLinux
import Synchronization

/// What all nodes of a host's tree share: the descriptor below which everything is, and, where the
/// tree can be changed, what became of files whose nodes are still about.
final class HostRoot: Sendable {
    let descriptor: HostDescriptor
    let isWritable: Bool
    private let history = Mutex(History())

    private struct History {
        /// Where a file is now that was moved, by where it was.
        var moved: [Former: HostPlace] = [:]
        var movedOrder: [Former] = []
        /// Files that were removed of late, and how often each inode was used again since.
        var removed: Set<HostIdentity> = []
        var removedOrder: [HostIdentity] = []
        var reused: [HostIdentity: UInt32] = [:]
    }

    /// Where a file was.
    private struct Former: Hashable {
        let directory: HostIdentity
        let name: [UInt8]
        let file: HostIdentity
    }

    /// How much of the past is kept; who holds an older node finds nothing by it.
    private static let limit = 16_384

    init(_ descriptor: HostDescriptor, isWritable: Bool) {
        self.descriptor = descriptor
        self.isWritable = isWritable
    }

    /// What a file is, by its status.
    ///
    /// File systems use an inode again at once, and its birth may show the same tick of the clock:
    /// such a one is told from the file before by a count.
    func identity(_ status: pak_stat) -> HostIdentity {
        var identity = HostIdentity(status)
        guard isWritable else { return identity }
        identity.use = history.withLock { $0.reused[identity] ?? 0 }
        return identity
    }

    func stat(_ status: pak_stat) -> Stat { Stat(status, identity(status)) }

    /// Where a file is by now that was found at `place`.
    func present(_ place: HostPlace, of file: HostIdentity) -> HostPlace {
        guard isWritable, let parent = place.parent else { return place }
        return history.withLock { history in
            var place = place
            var directory = parent
            // As often as it may have been moved, and no more.
            for _ in 0..<Self.limit {
                let former = Former(directory: directory.identity, name: place.name, file: file)
                guard let next = history.moved[former], let parent = next.parent else { break }
                place = next
                directory = parent
            }
            return place
        }
    }

    /// Notes that a file was moved.
    func note(_ file: HostIdentity, movedFrom old: HostPlace, to new: HostPlace) {
        guard let from = old.parent, let to = new.parent else { return }
        history.withLock { history in
            let former = Former(directory: from.identity, name: old.name, file: file)
            history.moved[former] = new
            history.movedOrder.append(former)
            // What is at the new place is not somewhere else.
            history.moved[Former(directory: to.identity, name: new.name, file: file)] = nil
            if history.movedOrder.count > Self.limit {
                for former in history.movedOrder.prefix(Self.limit / 2) {
                    history.moved[former] = nil
                }
                history.movedOrder.removeFirst(Self.limit / 2)
            }
        }
    }

    /// Notes that a file has got a name, maybe one that it was moved away from.
    func note(_ file: HostIdentity, namedAt place: HostPlace) {
        guard let parent = place.parent else { return }
        let former = Former(directory: parent.identity, name: place.name, file: file)
        history.withLock { $0.moved[former] = nil }
    }

    /// Notes that a file has lost its last name.
    func noteRemoved(_ status: pak_stat) {
        let identity = HostIdentity(status)
        history.withLock { history in
            guard history.removed.insert(identity).inserted else { return }
            history.removedOrder.append(identity)
            guard history.removedOrder.count > Self.limit else { return }
            for identity in history.removedOrder.prefix(Self.limit / 2) {
                history.removed.remove(identity)
            }
            history.removedOrder.removeFirst(Self.limit / 2)
        }
    }

    /// Notes that a file was made, maybe of an inode that was another file's.
    func noteMade(_ status: pak_stat) {
        let identity = HostIdentity(status)
        history.withLock { history in
            guard history.removed.remove(identity) != nil else { return }
            history.removedOrder.removeAll { $0 == identity }
            // Only as many as are removed and made within one tick: never many.
            history.reused[identity, default: 0] += 1
        }
    }
}
