import FileTree

/// The members of a draft in the order of a nar: a directory's all together behind it.
struct NarOrder {
    /// A path, and the number of its member; nil for a directory that is only implied.
    typealias Node = (path: [UInt8], number: Int?)

    private(set) var nodes: [Node] = []
    /// The number of each member that is no link.
    private(set) var files: [[UInt8]: Int] = [:]
    /// What a nar cannot say of them.
    private(set) var losses: [Unpacker.Loss] = []

    init(_ draft: Draft) {
        for (number, member) in draft.members.enumerated() where member.hardLink == nil {
            files[member.path] = number
        }
        var folders: Set<[UInt8]> = []
        for (number, member) in draft.members.enumerated() {
            let path = member.path
            let target = member.hardLink.flatMap { files[$0] }
            let type = target.map { draft.members[$0].type } ?? member.type
            if !path.isEmpty, isSayable(member, type) { nodes.append((path, number)) }
            var end = MemberPath.nameStart(path) - 1
            while end > 0 {
                let folder = Array(path[..<end])
                // A directory that is listed itself is not implied.
                if files[folder] != nil || !folders.insert(folder).inserted { break }
                nodes.append((folder, nil))
                end = MemberPath.nameStart(folder) - 1
            }
        }
        // A slash before all bytes of names: then what is in a directory is right behind it.
        func place(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
        nodes.sort { $0.path.lazy.map(place).lexicographicallyPrecedes($1.path.lazy.map(place)) }
    }

    private mutating func isSayable(_ member: Member, _ type: FileType) -> Bool {
        if member.uid != 0 || member.gid != 0 { lose(member, "owner \(member.uid):\(member.gid)") }
        for attribute in member.attributes {
            lose(member, "attribute \(PathText.display(attribute.name))")
        }
        switch type {
        case _ where member.hardLink != nil && (type == .regular || type == .symlink):
            lose(member, "a hard link: it is a file of its own")
            return true
        case .regular, .directory:
            let bits = member.permissions & 0o7000
            if bits != 0 { lose(member, "mode bits \(String(bits, radix: 8))") }
            return true
        case .symlink: return true
        default:
            lose(member, "neither a file, a link nor a directory: left out")
            return false
        }
    }

    private mutating func lose(_ member: Member, _ what: String) {
        losses.append(Unpacker.Loss(path: member.path, what: what))
    }
}
