import FileTree
import Synchronization

/// Who holds a lock: one process of one client of one conversation.
struct LockOwner: Hashable {
    let connection: ObjectIdentifier
    let client: [UInt8]
    let process: UInt32
}

/// A lock on a range of bytes of one file.
struct FileLock {
    let owner: LockOwner
    /// The open fid by which it was taken, and with which it goes.
    let holder: ObjectIdentifier
    let isExclusive: Bool
    /// The first and the last byte; the last is `UInt64.max` for "to the end".
    var first: UInt64
    var last: UInt64

    /// Whether the two cannot both be held.
    func conflicts(with other: FileLock) -> Bool {
        owner != other.owner && overlaps(other) && (isExclusive || other.isExclusive)
    }

    /// Whether the two have a byte in common.
    func overlaps(_ other: FileLock) -> Bool { first <= other.last && other.first <= last }
}

/// The locks on files that all conversations of a server share, as fcntl(2) has them.
///
/// A file is known by its qid's path. Whoever has to wait is asked in the order in which they
/// came. `granted` of a waiter runs with nothing locked here.
final class LockTable: Sendable {
    /// More locks on one file than this are refused: each look walks over them.
    static let limit = 4096

    /// One who waits for a lock.
    ///
    /// `@unchecked Sendable`: `isGranted` is guarded by the table's lock.
    final class Waiter: @unchecked Sendable {
        fileprivate let wanted: FileLock
        fileprivate let granted: @Sendable () -> Void
        fileprivate var isGranted = false

        init(_ wanted: FileLock, granted: @escaping @Sendable () -> Void) {
            self.wanted = wanted
            self.granted = granted
        }
    }

    private struct Locks {
        var held: [FileLock] = []
        var waiters: [Waiter] = []
    }

    private let files = Mutex<[UInt64: Locks]>([:])

    /// Takes a lock, and gives up what its owner had there; false when another's is in the way.
    ///
    /// Then `waiter`, if there is one, gets in line. Errors: `.noMemory` at the limit.
    func take(_ lock: FileLock, of file: UInt64, waiter: Waiter?) throws(FileError) -> Bool {
        let (isTaken, isFull, woken) = files.withLock { files in
            var locks = files[file] ?? Locks()
            guard locks.held.count + locks.waiters.count < Self.limit else {
                return (false, true, [Waiter]())
            }
            let isFree = !locks.held.contains { $0.conflicts(with: lock) }
            if isFree {
                Self.cut(lock, from: &locks.held)
                locks.held.append(lock)
                waiter?.isGranted = true
            } else if let waiter {
                locks.waiters.append(waiter)
            }
            // A write lock turned into a read lock may let others in.
            let woken = isFree ? Self.grant(&locks) : []
            files[file] = locks
            return (isFree, false, woken)
        }
        for waiter in woken { waiter.granted() }
        if isFull { throw FileError(.noMemory, "too many locks on one file") }
        return isTaken
    }

    /// Gives up what an owner has in a range.
    func release(_ range: FileLock, of file: UInt64) {
        change(file) { Self.cut(range, from: &$0.held) }
    }

    /// Gives up all that was taken through an open fid, and its places in line.
    func releaseAll(heldBy holder: ObjectIdentifier, of file: UInt64) {
        change(file) { locks in
            locks.held.removeAll { $0.holder == holder }
            locks.waiters.removeAll { $0.wanted.holder == holder }
        }
    }

    /// Takes one who waits out of the line, and a lock that was granted too late.
    func withdraw(_ waiter: Waiter, of file: UInt64) {
        change(file) { locks in
            locks.waiters.removeAll { $0 === waiter }
            if waiter.isGranted { Self.cut(waiter.wanted, from: &locks.held) }
        }
    }

    /// The first lock that is in the way of this one.
    func conflict(with lock: FileLock, of file: UInt64) -> FileLock? {
        files.withLock { $0[file]?.held.first { $0.conflicts(with: lock) } }
    }

    private func change(_ file: UInt64, _ body: (inout Locks) -> Void) {
        let woken = files.withLock { files -> [Waiter] in
            guard var locks = files[file] else { return [] }
            body(&locks)
            let woken = Self.grant(&locks)
            files[file] = locks.held.isEmpty && locks.waiters.isEmpty ? nil : locks
            return woken
        }
        for waiter in woken { waiter.granted() }
    }

    /// Lets in those who wait for what is free now.
    private static func grant(_ locks: inout Locks) -> [Waiter] {
        var woken: [Waiter] = []
        for waiter in locks.waiters where !locks.held.contains(where: waiter.wanted.conflicts) {
            cut(waiter.wanted, from: &locks.held)
            locks.held.append(waiter.wanted)
            waiter.isGranted = true
            woken.append(waiter)
        }
        locks.waiters.removeAll(where: \.isGranted)
        return woken
    }

    /// Takes a range out of what its owner holds, splitting what reaches over both ends.
    private static func cut(_ range: FileLock, from held: inout [FileLock]) {
        var rest: [FileLock] = []
        held.removeAll { lock in
            guard lock.owner == range.owner, lock.overlaps(range) else { return false }
            if lock.first < range.first {
                var left = lock
                left.last = range.first - 1
                rest.append(left)
            }
            if lock.last > range.last {
                var right = lock
                right.first = range.last + 1
                rest.append(right)
            }
            return true
        }
        held += rest
    }
}

extension FileLock {
    /// Bytes; 0 for "to the end", as the wire has it.
    var length: UInt64 { last == .max ? 0 : last - first + 1 }
}
