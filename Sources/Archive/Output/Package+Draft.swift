public import FileTree

extension Package {
    /// A draft as a package, as if it had been written and opened again; its files' bytes are
    /// read from where the draft has them.
    ///
    /// No hash of it is known, and its identity is that of its names alone. Errors: those of
    /// `IndexBuilder.add`.
    public convenience init(_ draft: Draft, path: String) throws(FileError) {
        var builder = IndexBuilder()
        var identity = SHA256()
        draft.manifest.bytes.withUnsafeBytes { identity.update($0) }
        // Files are numbered in the order in which they come, links aside.
        var numbers: [Int] = []
        for (number, member) in draft.members.enumerated() {
            try builder.add(member)
            if member.hardLink == nil { numbers.append(number) }
            var encoder = TarEncoder()
            try encoder.encode(member)
            encoder.header.withUnsafeBytes { identity.update($0) }
        }
        var archive = IndexBuilder.Archive()
        archive.contentID = identity.finish()
        archive.holes = draft.manifest.holes
        archive.opaques = draft.manifest.opaques
        self.init(
            index: try Index(builder.build(archive)),
            id: archive.contentID,
            manifest: draft.manifest,
            name: draft.manifest.name ?? "package",
            path: path,
            contents: DraftPackage(draft, numbers)
        )
    }
}

/// The bytes of a draft's files, by the numbers that its index has.
private final class DraftPackage: PackageContents {
    private let draft: Draft
    private let numbers: [Int]

    init(_ draft: Draft, _ numbers: [Int]) {
        self.draft = draft
        self.numbers = numbers
    }

    func open(_ inode: Inode, of package: Package) throws(FileError) -> any OpenFile {
        guard inode.number < numbers.count else { throw FileError(.notFound) }
        return try draft.contents.open(numbers[Int(inode.number)])
    }
}
