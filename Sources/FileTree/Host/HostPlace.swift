import CLinux

/// Where a node was found: a name in a place, up to the tree's root.
final class HostPlace: Sendable {
    let root: HostRoot
    let parent: HostDirectory?
    let name: [UInt8]

    init(root: HostRoot, parent: HostDirectory?, name: [UInt8]) {
        self.root = root
        self.parent = parent
        self.name = name
    }

    /// The path below the root, with the NUL at its end that the kernel wants.
    var path: [UInt8] {
        var names: [[UInt8]] = []
        var step: HostPlace? = self
        while let place = step, let parent = place.parent {
            names.append(place.name)
            step = place.root.present(parent.place, of: parent.identity)
        }
        if names.isEmpty { return [UInt8(ascii: "."), 0] }
        return Array(names.reversed().joined(separator: [UInt8(ascii: "/")])) + [0]
    }
}

/// What makes a file of the host that file and no other.
struct HostIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let birth: Timestamp
    /// How many files of the same three there were before.
    var use: UInt32 = 0

    init(_ status: pak_stat) {
        device = status.device
        inode = status.inode
        birth = Timestamp(seconds: status.btime, nanoseconds: status.btime_ns)
    }

    /// The qid's path: the same in every run, until the inode is used for another file.
    var qidPath: UInt64 {
        var hash = StableHash(domain: 0x686f_7374)
        hash.combine(device)
        hash.combine(inode)
        hash.combine(UInt64(bitPattern: birth.seconds))
        hash.combine(UInt64(birth.nanoseconds))
        if use > 0 { hash.combine(UInt64(use)) }
        return hash.qidPath()
    }
}

extension Stat {
    /// The attributes of a file of the host.
    init(_ status: pak_stat, _ identity: HostIdentity) {
        var version = StableHash(domain: 1)
        version.combine(UInt64(bitPattern: status.mtime))
        version.combine(UInt64(status.mtime_ns))
        version.combine(UInt64(bitPattern: status.ctime))
        version.combine(UInt64(status.ctime_ns))
        version.combine(status.size)
        let mode = Mode(rawValue: status.mode)
        let qid = Qid(
            type: mode.type.qidKind,
            version: version.qidVersion(),
            path: identity.qidPath
        )
        self.init(qid: qid, mode: mode)
        uid = status.uid
        gid = status.gid
        if mode.type != .directory {
            links = UInt64(status.nlink)
            size = status.size
            allocated = status.blocks * 512
        }
        device = status.rdev
        accessed = Timestamp(seconds: status.atime, nanoseconds: status.atime_ns)
        modified = Timestamp(seconds: status.mtime, nanoseconds: status.mtime_ns)
        changed = Timestamp(seconds: status.ctime, nanoseconds: status.ctime_ns)
    }
}
