import FileTree

/// What is gathered of a foreign archive while a format reads it.
final class ForeignScan {
    /// Whether files keep the owners that the archive gives them.
    enum Owners {
        /// The format means them.
        case kept
        /// They are those of whoever made the archive, if there are any.
        case root
    }

    let options: ImportOptions
    var table = MemberTable()
    /// Takes the contents that do not stay where they are.
    let spool = Spool()
    /// Where the contents are: in the spool, unless a format says otherwise.
    var contents: any ContentStore
    /// What the package says about itself; nil for a plain archive.
    var foreign: ForeignManifest?
    /// What the format turned out to be, where the bytes at the start did not tell.
    var format: String?
    /// The manifest of an archive that is a package of ours in another form.
    var own: Manifest?
    private var marks = LayerMarks()

    init(_ options: ImportOptions) {
        self.options = options
        contents = SpoolContents(spool: spool)
    }

    /// Adds a member whose bytes start at `place`, or what it stands for in a layer.
    func add(_ member: Member, at place: UInt64) throws(FileError) {
        if options.isLayer, try marks.take(member) { return }
        if let target = member.hardLink {
            try table.link(member.path, to: target)
        } else {
            try table.add(options.isLayer ? LayerMarks.cleaned(member) : member, at: place)
        }
    }

    /// Adds every member of a stream, contents to the spool.
    func addAll(of stream: ArchiveStream, owners: Owners) throws(FileError) {
        while let entry = try stream.next() {
            do throws(FileError) {
                try add(entry, of: stream, owners)
            } catch {
                // What is thrown below the stream does not know the member.
                let name = PathText.display(entry.path)
                throw error.context?.contains(name) == true ? error : error.at(name)
            }
        }
    }

    private func add(
        _ entry: ArchiveStream.Entry,
        of stream: ArchiveStream,
        _ owners: Owners
    ) throws(FileError) {
        var member = try entry.member(owners)
        let start = spool.size
        if member.type == .regular || member.hardLink != nil {
            try stream.forEachBlock { block throws(FileError) in
                try spool.append(block)
                try Growth.check(spool.size, from: stream.taken)
            }
        }
        let count = spool.size - start
        if let size = entry.size, member.type == .regular || count > 0, size != count {
            throw FileError.malformed("\(count) bytes of \(size)")
        }
        if let target = member.hardLink {
            try add(member, at: start)
            // A cpio has a file's bytes beside the last of its names.
            guard count > 0 else { return }
            table.change(target) { file in
                file.member.size = count
                file.place = start
            }
        } else {
            member.size = count
            try add(member, at: start)
        }
    }

    /// Adds every file below a directory of the host, whose contents stay there.
    func addAll(
        below directory: HostDescriptor,
        _ options: DirectoryScan.Options
    ) throws(FileError) {
        own = try DirectoryContents.manifest(below: directory)
        contents = DirectoryContents(root: directory)
        try DirectoryScan.run(directory, options) { member throws(FileError) in
            if self.own != nil, MemberPath.isPrivate(member.path) { return }
            try self.add(member, at: 0)
        }
    }

    /// The manifest of the package to be made: what it says itself, else what the name of its
    /// file, `path`, tells.
    func manifest(_ format: String, _ path: String) throws(FileError) -> Manifest {
        if let own { return own }
        marks.settle(with: table)
        var result = foreign ?? ArchiveFileName.read(path)
        if let name = options.name { result.name = name }
        if let version = options.version { result.version = version }
        return try result.manifest(
            format: format,
            // Formats of package managers mean what they say of a directory.
            ownsDirectories: foreign != nil && format != "whl",
            holes: marks.holes,
            opaques: marks.opaques
        )
    }
}

extension ArchiveStream.Entry {
    /// The entry as a member; its size is that of the bytes that follow.
    fileprivate func member(_ owners: ForeignScan.Owners) throws(FileError) -> Member {
        guard !path.isEmpty else { throw FileError.malformed("a member with an empty name") }
        var member = Member(
            path: try MemberPath.normalize(path),
            type: mode.type,
            permissions: mode.permissions
        )
        if owners == .kept {
            guard let uid = UInt32(exactly: uid), let gid = UInt32(exactly: gid) else {
                throw FileError.malformed("an owner out of range")
            }
            member.uid = uid
            member.gid = gid
            member.userName = userName
            member.groupName = groupName
        }
        if let modified { member.modified = modified }
        if !hardLink.isEmpty { member.hardLink = try MemberPath.normalize(hardLink) }
        if mode.type == .symlink { member.linkTarget = symlink }
        member.device = device
        return member
    }
}
