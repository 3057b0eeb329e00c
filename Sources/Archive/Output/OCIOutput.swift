public import FileTree

/// A layer of an OCI image as a plain tar, in which an empty file `.wh.NAME` hides NAME below.
///
/// Whiteouts come before all else in their directory; `.wh..wh..opq` stands for an opaque one, all
/// of whose names below are hidden. Directories that are only implied are listed all the same: some unpackers would
/// make up their attributes.
public struct OCIOutput: StreamFormat {
    /// `oci`.
    public var name: String { "oci" }
    /// `oci.tar`.
    public var suffix: String { "oci.tar" }

    /// Makes the format.
    public init() {}

    private static let prefix = Array(".wh.".utf8)
    private static let opaque = Array(".wh..wh..opq".utf8)

    /// One header of the tar.
    private struct Item {
        /// What it is sorted by.
        var key: [UInt8]
        var member: Member
        /// The member of the draft whose bytes it has.
        var number: Int?
    }

    /// Writes a layer.
    ///
    /// Errors: `.invalid` for a member whose name begins with `.wh.`, which would hide another.
    public func write(
        _ draft: Draft,
        to descriptor: Int32,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        var writer = TarWriter(descriptor)
        let buffer = CopyBuffer()
        for item in try items(draft) {
            try writer.append(item.member)
            guard let number = item.number else { continue }
            try draft.show(number, by: buffer.bytes) { bytes throws(FileError) in
                try writer.write(bytes)
            }
        }
        return OutputReport(id: try writer.finish())
    }

    private func items(_ draft: Draft) throws(FileError) -> [Item] {
        var items: [Item] = []
        for (number, member) in draft.members.enumerated() {
            let name = member.path[MemberPath.nameStart(member.path)...]
            guard !name.starts(with: Self.prefix) else {
                throw FileError(.invalid, "\(member.displayPath): would hide a file of the image")
            }
            let hasBytes = member.type == .regular && member.hardLink == nil
            items.append(Item(key: member.path, member: member, number: hasBytes ? number : nil))
        }
        items += draft.implied.map { Item(key: $0.path, member: $0) }
        var marks = Set(draft.manifest.holes.map { Self.mark(MemberPath.nameStart($0), in: $0) })
        for path in draft.manifest.opaques {
            marks.insert(path.isEmpty ? Self.opaque : path + [UInt8(ascii: "/")] + Self.opaque)
        }
        for path in marks {
            var key = path
            // No name has a NUL, so nothing in the directory comes before it.
            key.insert(0, at: MemberPath.nameStart(path))
            var member = Member(path: path, type: .regular, permissions: 0o644)
            member.modified = Timestamp(seconds: 0)
            items.append(Item(key: key, member: member))
        }
        return items.sorted { MemberPath.precedes($0.key, $1.key) }
    }

    /// The path with the whiteout's prefix before its name.
    private static func mark(_ start: Int, in path: [UInt8]) -> [UInt8] {
        path[..<start] + prefix + path[start...]
    }
}
