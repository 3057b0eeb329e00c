import Archive
import FileTree

extension Package {
    /// The packages whose files this one's replace where both have a path.
    ///
    /// A wish for certain versions counts only when it asks for one alone: which is earlier of
    /// two versions is not known here.
    var replaced: [(name: String, version: String?)] {
        manifest.all("replace").compactMap { wish in
            let name = wish.prefix { !"<>=~!| ".contains($0) }
            let rest = wish.dropFirst(name.count)
            if rest.isEmpty { return (String(name), nil) }
            guard rest.first == "=" else { return nil }
            return (String(name), String(rest.dropFirst()))
        }
    }

    /// Whether it says of names that they shall not be seen.
    var hidesNames: Bool { !index.holes.isEmpty || !index.opaques.isEmpty }
}

extension Package {
    /// Whether a file, link or device is the same as another package's: in type, bytes, target,
    /// mode, owner and attributes; times aside.
    func hasFile(
        _ inode: Inode,
        like other: Inode,
        of package: Package
    ) throws(FileError) -> Bool {
        let theirs = package.index
        if index === theirs, inode.number == other.number { return true }
        guard inode.mode == other.mode, inode.uid == other.uid, inode.gid == other.gid,
            inode.size == other.size, index.device(inode) == theirs.device(other),
            index.linkTarget(inode).elementsEqual(theirs.linkTarget(other)),
            index.attributes(inode) == theirs.attributes(other)
        else { return false }
        guard inode.mode.type == .regular, inode.size > 0 else { return true }
        return try unionHash(inode.number) == package.unionHash(other.number)
    }

    /// The hash of a file's bytes; an error says whose file it is.
    func unionHash(_ inode: UInt32) throws(FileError) -> ContentID {
        do { return try hash(inode) } catch { throw error.at(name) }
    }
}

extension Index {
    /// Whether a directory has the attributes of another index's.
    func hasDirectory(_ inode: Inode, like other: Inode, of theirs: Index) -> Bool {
        inode.mode == other.mode && inode.uid == other.uid && inode.gid == other.gid
            && (!inode.hasAttributes && !other.hasAttributes
                || attributes(inode) == theirs.attributes(other))
    }

    /// All extended attributes, sorted by name.
    func attributes(_ inode: Inode) -> [[[UInt8]]] {
        var all: [[[UInt8]]] = []
        forEachAttribute(inode) { name, value in
            all.append([Array(name), Array(value)])
            return true
        }
        return all
    }
}
