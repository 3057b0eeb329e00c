import FileTree

/// What a layer of an image hides below itself, however its format writes that down.
///
/// OCI and aufs use names (`.wh.x`, `.wh..wh..opq`), overlayfs a device 0/0 or attributes,
/// unionfs-fuse files in a folder of its own (`.unionfs/x_HIDDEN~`).
struct LayerMarks {
    private(set) var holes: Set<[UInt8]> = []
    private(set) var opaques: Set<[UInt8]> = []

    private static let prefix = Array(".wh.".utf8)
    private static let opaque = Array(".wh..wh..opq".utf8)
    private static let own = Array(".wh..wh.".utf8)
    private static let folder = Array(".unionfs".utf8)
    private static let hidden = Array("_HIDDEN~".utf8)
    private static let overlays = ["trusted.overlay.", "user.overlay."].map { Array($0.utf8) }

    /// Notes what `member` says of layers below; whether it is nothing but such a note.
    ///
    /// Errors: `.malformed` for a mark of nothing.
    mutating func take(_ member: Member) throws(FileError) -> Bool {
        let path = member.path
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parent = path[..<(slash ?? 0)]
        let name = path[(slash.map { $0 + 1 } ?? 0)...]
        if name.elementsEqual(Self.opaque) {
            opaques.insert(Array(parent))
            return true
        }
        // The rest of aufs's own names are its bookkeeping.
        if name.starts(with: Self.own) { return true }
        if name.starts(with: Self.prefix) {
            let target = Array(name.dropFirst(Self.prefix.count))
            guard target.withUnsafeBytes({ FileName.isLegal($0) }) else {
                throw FileError.malformed("\(member.displayPath): hides no name")
            }
            holes.insert(parent.isEmpty ? target : parent + [UInt8(ascii: "/")] + target)
            return true
        }
        if path.starts(with: Self.folder), path.dropFirst(8).first ?? 47 == UInt8(ascii: "/") {
            if path.suffix(8).elementsEqual(Self.hidden), path.count > 17 {
                holes.insert(Array(path[9..<path.count - 8]))
            }
            return true
        }
        if member.type == .characterDevice, member.device == 0 {
            holes.insert(path)
            return true
        }
        for attribute in member.attributes {
            guard let overlay = Self.overlays.first(where: attribute.name.starts(with:)) else {
                continue
            }
            let key = String(decoding: attribute.name.dropFirst(overlay.count), as: UTF8.self)
            if key == "whiteout", member.type == .regular, member.size == 0 {
                holes.insert(path)
                return true
            }
            if key == "opaque", attribute.value.elementsEqual("y".utf8) { opaques.insert(path) }
        }
        return false
    }

    /// The member without overlayfs's own attributes, which mean nothing elsewhere.
    static func cleaned(_ member: Member) -> Member {
        if member.attributes.isEmpty { return member }
        var member = member
        member.attributes.removeAll { attribute in
            overlays.contains { attribute.name.starts(with: $0) }
        }
        return member
    }

    /// The holes of a package that has these files: what it has itself at a hidden path stays,
    /// and where that is a directory, it hides what was in it.
    mutating func settle(with table: MemberTable) {
        for path in holes {
            guard let file = table.file(path) else { continue }
            holes.remove(path)
            if file.member.type == .directory { opaques.insert(path) }
        }
    }
}
