import FileTree
import Synchronization

/// Files that are read or written by their node's number, for a kernel that does not open them.
///
/// A fixed number of places, so that no descriptors run out; which place is a file's is a matter
/// of its number.
final class RecentFiles: Sendable {
    private static var places: Int { 256 }

    private struct Place {
        var number: UInt64 = 0
        var file: (any OpenFile)?
        var isWritable = false
    }

    private let all = Mutex([Place](repeating: Place(), count: RecentFiles.places))

    private func place(_ number: UInt64) -> Int {
        Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    /// The node's file, opened to be read or to be written, too.
    @inline(__always)
    func file(
        _ number: UInt64,
        writing: Bool,
        _ nodes: NodeTable
    ) throws(FileError) -> any OpenFile {
        let place = place(number)
        let known = all.withLock { all -> (any OpenFile)? in
            guard all[place].number == number, !writing || all[place].isWritable else { return nil }
            return all[place].file
        }
        if let known { return known }
        guard let node = try nodes.find(number).file else { throw FileError(.unknownFid) }
        let file = try node.open(writing ? [.read, .write] : .read)
        replace(place, Place(number: number, file: file, isWritable: writing))
        return file
    }

    /// Lets go of a node's file.
    func remove(_ number: UInt64) {
        let place = place(number)
        if all.withLock({ $0[place].number == number }) { replace(place, Place()) }
    }

    /// What was there goes outside of the lock: its end is its tree's business.
    private func replace(_ place: Int, _ new: Place) {
        var new = new
        all.withLock { swap(&$0[place], &new) }
    }

    /// Lets go of all.
    func removeAll() {
        let gone = all.withLock { all in
            let gone = all
            all = [Place](repeating: Place(), count: RecentFiles.places)
            return gone
        }
        _ = gone
    }
}
