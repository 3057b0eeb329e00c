import Archive
import FileTree

/// A name in a union and what it stands for; by itself a device, fifo or socket.
///
/// `@unchecked Sendable`: a class with heirs cannot be `Sendable` plainly; nothing of it changes.
class UnionNode: Node, @unchecked Sendable {
    let view: View
    let place: Place
    /// Of a directory the qid's path, of anything else that of its directory.
    let hash: UInt64
    let qid: Qid

    init(_ view: View, _ place: Place, _ hash: UInt64, _ qid: Qid) {
        self.view = view
        self.place = place
        self.hash = hash
        self.qid = qid
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    func stat() throws(FileError) -> Stat { view.stat(place, qid) }

    var parent: (any Directory)? {
        let parent = view.generation.parent(of: place)
        let hash = view.generation.hash(ofDirectory: parent)
        return UnionDirectory(view, parent, hash, view.directoryQid(parent, hash))
    }

    func withName(_ body: (RawSpan) -> Void) { body(view.generation.name(place.entry).bytes) }

    /// The entry whose extended attributes these are.
    var attributesOwner: TableEntry { place.entry }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        var value: [UInt8]?
        forEachAttribute { attribute, bytes in
            let isIt = name.withUnsafeBytes { NameOrder.equal($0, attribute) }
            if isIt { value = Array(bytes) }
            return !isIt
        }
        guard let value else { throw FileError(.noAttribute) }
        return value
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        var names: [UInt8] = []
        forEachAttribute { name, _ in
            names += name
            names.append(0)
            return true
        }
        return names
    }

    private func forEachAttribute(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) {
        let owner = attributesOwner
        guard let inode = view.generation.inode(owner), inode.hasAttributes else { return }
        _ = view.generation.withIndex(owner.package) { index in
            index.forEachAttribute(inode) { name, value in
                view.options.shows(attribute: name, keepsSetID: view.allows(owner.package))
                    ? body(name, value) : true
            }
        }
    }
}

/// A regular file of a package, or something that is shown as an empty one.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class UnionFile: UnionNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        guard let inode = view.generation.inode(place.entry) else { throw FileError(.inputOutput) }
        guard inode.mode.type == .regular else { return HeldBytes() }
        return try view.generation.packages[Int(place.entry.package)].open(inode.number)
    }
}

/// A symbolic link, of a package or an alias's.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class UnionLink: UnionNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] {
        let generation = view.generation
        guard let inode = generation.inode(place.entry) else {
            let extra = generation.table.extra(place.entry.number)
            return Array(generation.table.text(extra.targetOffset, Int(extra.targetLength)))
        }
        return generation.withIndex(place.entry.package) { Array($0.linkTarget(inode)) } ?? []
    }
}
