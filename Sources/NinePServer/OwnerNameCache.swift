import FileTree
import NineP

/// The names of owners of one attach, kept in memory of our own so that a stat asks no tree twice
/// and makes no array.
///
/// 64 places for users and 64 for groups, by the number's low bits; a clash asks the tree again.
final class OwnerNameCache {
    private struct Name {
        let bytes: UnsafeRawBufferPointer
        let number: UInt32
    }

    private static let places = 64
    private let users = UnsafeMutablePointer<Name?>.allocate(capacity: places)
    private let groups = UnsafeMutablePointer<Name?>.allocate(capacity: places)
    private let tree: any Tree

    init(_ tree: any Tree) {
        self.tree = tree
        users.initialize(repeating: nil, count: Self.places)
        groups.initialize(repeating: nil, count: Self.places)
    }

    deinit {
        for place in 0..<Self.places {
            users[place]?.bytes.deallocate()
            groups[place]?.bytes.deallocate()
        }
        users.deallocate()
        groups.deallocate()
    }

    /// The names of a file's owner and group, or their numbers in decimal; good until the next
    /// question.
    @inline(__always)
    func names(of stat: Stat) -> OwnerNames {
        OwnerNames(user: user(stat.uid), group: group(stat.gid))
    }

    @inline(__always)
    private func user(_ uid: UInt32) -> UnsafeRawBufferPointer {
        if let name = users[Int(uid & 63)], name.number == uid { return name.bytes }
        return keep(users, uid, tree.name(ofUser: uid))
    }

    @inline(__always)
    private func group(_ gid: UInt32) -> UnsafeRawBufferPointer {
        if let name = groups[Int(gid & 63)], name.number == gid { return name.bytes }
        return keep(groups, gid, tree.name(ofGroup: gid))
    }

    @inline(never)
    private func keep(
        _ table: UnsafeMutablePointer<Name?>,
        _ number: UInt32,
        _ name: [UInt8]?
    ) -> UnsafeRawBufferPointer {
        // A name that is empty or longer than any system's is no name.
        let text = name.flatMap { (1...255).contains($0.count) ? $0 : nil }
        let bytes = text ?? Array(String(number).utf8)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        let place = Int(number & 63)
        table[place]?.bytes.deallocate()
        table[place] = Name(bytes: UnsafeRawBufferPointer(copy), number: number)
        return UnsafeRawBufferPointer(copy)
    }
}
