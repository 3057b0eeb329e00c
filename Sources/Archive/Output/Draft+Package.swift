import FileTree

extension Draft {
    /// What a package holds, to be written again or changed.
    ///
    /// Written as it is, a native package has the same identity again.
    public init(_ package: Package) {
        let source = PackageSource(package)
        self.init(manifest: package.manifest, members: source.members, contents: source)
    }
}

/// The members of a package, and their bytes.
private final class PackageSource: DraftContents {
    let members: [Member]
    private let package: Package
    private let inodes: [UInt32]

    init(_ package: Package) {
        self.package = package
        let index = package.index
        var users: [UInt32: [UInt8]] = [:]
        var groups: [UInt32: [UInt8]] = [:]
        var found: [(path: [UInt8], entry: UInt32)] = []
        for entry in 1..<UInt32(max(1, index.entryCount)) where index.isListed(entry) {
            found.append((index.path(entry), entry))
        }
        found.sort { MemberPath.precedes($0.path, $1.path) }
        var firstNames: [UInt32: [UInt8]] = [:]
        var members: [Member] = []
        var inodes: [UInt32] = []
        members.reserveCapacity(found.count)
        for (path, entry) in found {
            let inode = index.inode(index.inodeNumber(entry))
            var member = index.member(inode)
            member.path = path
            member.userName = Self.name(inode.uid, &users, index.userName)
            member.groupName = Self.name(inode.gid, &groups, index.groupName)
            if inode.links > 1, inode.mode.type != .directory {
                member.hardLink = firstNames[inode.number]
                if member.hardLink == nil { firstNames[inode.number] = path }
            }
            members.append(member)
            inodes.append(inode.number)
        }
        self.members = members
        self.inodes = inodes
    }

    private static func name(
        _ id: UInt32,
        _ known: inout [UInt32: [UInt8]],
        _ find: (UInt32) -> [UInt8]?
    ) -> [UInt8] {
        if let name = known[id] { return name }
        let name = find(id) ?? []
        known[id] = name
        return name
    }

    func open(_ number: Int) throws(FileError) -> any OpenFile {
        try package.open(inodes[number])
    }
}

extension Index {
    /// What is known of a file, but for its names and those of its owners.
    fileprivate func member(_ inode: Inode) -> Member {
        var member = Member(
            path: [],
            type: inode.mode.type,
            permissions: inode.mode.permissions
        )
        member.uid = inode.uid
        member.gid = inode.gid
        member.modified = inode.modified
        member.size = inode.size
        member.linkTarget = Array(linkTarget(inode))
        member.device = device(inode)
        forEachAttribute(inode) { name, value in
            member.attributes.append(
                ExtendedAttribute(name: Array(name), value: Array(value))
            )
            return true
        }
        if let segments = segments(inode) {
            member.segments = (0..<segments.count).map { segments[$0] }
        }
        return member
    }
}
