import FileTree
import Synchronization

/// The last attributes of files that have no name any more, in trees that know a file by its name
/// alone: whoever has one open still asks.
///
/// They are kept until the kernel forgets the file.
final class LostFiles: Sendable {
    private let stats = Mutex<[UInt64: Stat]>([:])
    private let count = Atomic<Int>(0)

    func add(_ number: UInt64, _ stat: Stat) {
        stats.withLock { stats in
            stats[number] = stat
            count.store(stats.count, ordering: .relaxed)
        }
    }

    func stat(_ number: UInt64) -> Stat? {
        isEmpty ? nil : stats.withLock { $0[number] }
    }

    func remove(_ number: UInt64) {
        if isEmpty { return }
        stats.withLock { stats in
            stats[number] = nil
            count.store(stats.count, ordering: .relaxed)
        }
    }

    private var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }
}

extension Conversation {
    /// Does what may take a file's last name, and keeps the file's attributes where its tree does
    /// not.
    func takingName(
        _ name: UnsafeRawBufferPointer,
        in directory: any Directory,
        _ body: () throws(FileError) -> Void
    ) throws(FileError) {
        // Where there is none, there is nothing to be lost.
        let node = try? directory.lookup(name.bytes)
        guard let node, node.file != nil, nodes.knows(node.qidPath) else { return try body() }
        let number = nodes.number(of: node.qidPath)
        let before = try? node.stat()
        try body()
        guard var stat = before else { return }
        repeat {
            do throws(FileError) {
                _ = try nodes.find(number).stat()
                return
            } catch {
                guard error.kind == .notFound else { return }
            }
        } while nodes.replace(number)
        stat.links = stat.links > 0 ? stat.links - 1 : 0
        lost.add(number, stat)
    }

    /// The attributes of a file, also of one whose tree has lost it.
    @inline(__always)
    func stat(_ number: UInt64) throws(FileError) -> Stat {
        do throws(FileError) {
            return try nodes.find(number).stat()
        } catch {
            guard let stat = lost.stat(number) else { throw error }
            return stat
        }
    }
}
