public import FileTree

/// Makes an index of members in whatever order they come.
///
/// Parent directories that no member lists are implied, 0755 and 0:0. Of members with the same
/// path the last wins, as when a tar is extracted, and `duplicates` names the path.
public struct IndexBuilder {
    struct Node {
        var parent: UInt32
        var name: UInt32
        var inode: UInt32
        var isListed: Bool
    }

    struct Record {
        var size: UInt64 = 0
        var modified: UInt64 = 0
        var tarOffset: UInt64 = 0
        var firstFrame: UInt32 = 0
        var hash: UInt32 = 0
        var aux: UInt32 = 0
        var mode: UInt16 = 0
        var owner: UInt16 = 0
        var flags: UInt8 = 0
    }

    static let noInode = UInt32.max
    /// The parent of a node that was replaced.
    static let noParent = UInt32.max

    var nodes: [Node] = [Node(parent: 0, name: 0, inode: noInode, isListed: false)]
    var records: [Record] = []
    var hashes: [ContentID] = []
    var names = NamePool()
    var owners = OwnerTable()
    var aux = AuxPool()
    private var children = ChildTable()
    private var lastDirectory: [UInt8] = []
    private var lastDirectoryNode: UInt32 = 0

    /// The paths that came more than once, directories aside, in the order of arrival.
    public private(set) var duplicates: [[UInt8]] = []

    /// Makes a builder of an index of the root alone.
    public init() {}

    /// How many names there are by now, implied directories among them.
    public var entryCount: Int { nodes.count }

    /// Adds a member, whose payload starts at `dataOffset` of the tar, in the frame `firstFrame`.
    ///
    /// Its path must be normal (`MemberPath.normalize`). Errors: `.malformed` for a hard link to
    /// a path that has not come before, a member below `.pak`, a time, size or number of owners
    /// past the format's limits.
    public mutating func add(
        _ member: Member,
        dataOffset: UInt64 = 0,
        firstFrame: UInt32 = 0,
        hash: ContentID? = nil
    ) throws(FileError) {
        guard !MemberPath.isPrivate(member.path) else {
            throw .malformed("\(member.displayPath): .pak is for packages themselves")
        }
        if let target = member.hardLink {
            guard let found = find(target), nodes[Int(found)].inode != Self.noInode else {
                throw .malformed(
                    "\(member.displayPath): a link to \(PathText.display(target)), "
                        + "which has not come before"
                )
            }
            let inode = nodes[Int(found)].inode
            guard !isDirectory(inode) else {
                throw .malformed("\(member.displayPath): a hard link to a directory")
            }
            try place(member, inode: inode)
            return
        }
        guard records.count < IndexLayout.entryLimit else {
            throw .malformed("\(member.displayPath): more than 16,777,216 members")
        }
        let record = try makeRecord(member, dataOffset, firstFrame, hash)
        records.append(record)
        try place(member, inode: UInt32(records.count - 1))
    }

    /// About how many bytes the index has by now.
    public var estimatedSize: UInt64 {
        let fixed = nodes.count * (IndexLayout.entrySize + IndexLayout.inodeSize + 5)
        let hashes = hashes.count * IndexLayout.hashSize
        return UInt64(fixed + hashes + names.bytes.count + aux.bytes.count)
    }

    /// Refuses an index that has grown past a quarter of its tar and 64 MiB.
    ///
    /// A few bytes of tar can name a path of hundreds of directories. Errors: `.malformed`.
    func checkSize(ofTar tarSize: UInt64) throws(FileError) {
        guard estimatedSize <= tarSize / 4 + Self.freeSize else {
            throw .malformed("names and attributes over a quarter of the archive")
        }
    }

    static let freeSize: UInt64 = 64 << 20

    private mutating func makeRecord(
        _ member: Member,
        _ dataOffset: UInt64,
        _ firstFrame: UInt32,
        _ hash: ContentID?
    ) throws(FileError) -> Record {
        guard PackedTime.seconds.contains(member.modified.seconds) else {
            throw .malformed("\(member.displayPath): time \(member.modified.seconds)")
        }
        guard member.size < 1 << 48, dataOffset < 1 << 48 else {
            throw .malformed("\(member.displayPath): size \(member.size) at \(dataOffset)")
        }
        var record = Record()
        record.mode = UInt16(truncatingIfNeeded: Mode(member.type, member.permissions).rawValue)
        record.modified = PackedTime.pack(
            seconds: member.modified.seconds,
            nanoseconds: member.modified.nanoseconds
        )
        guard let owner = owners.number(of: member, names: &aux) else {
            throw .malformed("\(member.displayPath): more than 65,535 owners")
        }
        record.owner = owner
        if member.type == .regular {
            record.size = member.size
            record.tarOffset = dataOffset
            record.firstFrame = firstFrame
            if let hash {
                hashes.append(hash)
                record.hash = UInt32(hashes.count)
            }
            if member.segments != nil { record.flags |= IndexLayout.InodeFlags.sparse }
        }
        if !member.attributes.isEmpty { record.flags |= IndexLayout.InodeFlags.attributes }
        guard let place = aux.add(member) else {
            throw .malformed("\(member.displayPath): too many links and attributes")
        }
        record.aux = place
        return record
    }

    private mutating func place(_ member: Member, inode: UInt32) throws(FileError) {
        let path = member.path
        guard !path.isEmpty else {
            guard member.type == .directory, member.hardLink == nil else {
                throw .malformed("the root is not a directory")
            }
            nodes[0].inode = inode
            nodes[0].isListed = true
            return
        }
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let directory = try directoryNode(path[..<(slash ?? 0)], of: member)
        let start = slash.map { $0 + 1 } ?? 0
        let name = path.withUnsafeBytes {
            names.number(of: UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
        let (oldNode, isNew) = try child(directory, name, of: member)
        var node = oldNode
        if !isNew {
            let old = nodes[Int(oldNode)]
            let wasDirectory = old.inode == Self.noInode || isDirectory(old.inode)
            if !wasDirectory || !isDirectory(inode) { duplicates.append(path) }
            if wasDirectory, !isDirectory(inode) {
                // What was below the directory goes with it: nothing leads to its node any more.
                lastDirectory = []
                lastDirectoryNode = 0
                node = UInt32(nodes.count)
                nodes.append(old)
                children.replace(by: node, among: nodes)
                nodes[Int(oldNode)].parent = Self.noParent
            }
        }
        nodes[Int(node)].inode = inode
        nodes[Int(node)].isListed = true
    }

    /// The node of a directory, made where it is missing; a file in its place gives way.
    private mutating func directoryNode(
        _ path: ArraySlice<UInt8>,
        of member: Member
    ) throws(FileError) -> UInt32 {
        if path.isEmpty { return 0 }
        if path.elementsEqual(lastDirectory), isAlive(lastDirectoryNode) {
            return lastDirectoryNode
        }
        var node: UInt32 = 0
        var end = path.startIndex
        while end < path.endIndex {
            let rest = path[end...]
            let stop = rest.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            let name = path.withUnsafeBytes {
                names.number(
                    of: UnsafeRawBufferPointer(
                        rebasing: $0[end - path.startIndex..<stop - path.startIndex]
                    )
                )
            }
            let (next, isNew) = try child(node, name, of: member)
            let inode = nodes[Int(next)].inode
            if !isNew, inode != Self.noInode, !isDirectory(inode) {
                duplicates.append(Array(path[..<stop]))
                nodes[Int(next)].inode = Self.noInode
                nodes[Int(next)].isListed = false
            }
            node = next
            end = stop == path.endIndex ? stop : stop + 1
        }
        lastDirectory = Array(path)
        lastDirectoryNode = node
        return node
    }

    private func isAlive(_ node: UInt32) -> Bool {
        let inode = nodes[Int(node)].inode
        return inode == Self.noInode || isDirectory(inode)
    }

    private mutating func child(
        _ directory: UInt32,
        _ name: UInt32,
        of member: Member
    ) throws(FileError) -> (node: UInt32, isNew: Bool) {
        if let found = children.find(directory, name, among: nodes) { return (found, false) }
        guard nodes.count < IndexLayout.entryLimit else {
            throw .malformed("\(member.displayPath): more than 16,777,216 names")
        }
        let node = UInt32(nodes.count)
        nodes.append(Node(parent: directory, name: name, inode: Self.noInode, isListed: false))
        children.insert(node, among: nodes)
        return (node, true)
    }

    private func find(_ path: [UInt8]) -> UInt32? {
        var node: UInt32 = 0
        for component in path.split(separator: UInt8(ascii: "/")) {
            guard
                let name = component.withUnsafeBytes({ names.find($0) }),
                let next = children.find(node, name, among: nodes)
            else { return nil }
            node = next
        }
        return node
    }

    func isDirectory(_ inode: UInt32) -> Bool {
        Mode(rawValue: UInt32(records[Int(inode)].mode)).type == .directory
    }
}
