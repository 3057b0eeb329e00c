import Archive
import FileTree

/// A name in a union and what it stands for.
struct UnionName: Sendable {
    let view: View
    let place: Place
    /// Of a directory the qid's path, of anything else that of its directory.
    let hash: UInt64
    let qid: Qid
}

/// The node of a name in a union.
protocol UnionNode: Node {
    var named: UnionName { get }
}

extension UnionNode {
    var view: View { named.view }
    var place: Place { named.place }
    var hash: UInt64 { named.hash }
    var qid: Qid { named.qid }

    func stat() throws(FileError) -> Stat { view.stat(place, qid) }

    var parent: (any Directory)? { view.parent(of: place) }

    func withName(_ body: (RawSpan) -> Void) { body(view.generation.name(place.entry).bytes) }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        try view.attribute(name, of: place.entry)
    }

    func attributeNames() throws(FileError) -> [UInt8] { view.attributeNames(of: place.entry) }
}

extension View {
    /// The directory that a place is in.
    func parent(of place: Place) -> UnionDirectory {
        let parent = generation.parent(of: place)
        let hash = generation.hash(ofDirectory: parent)
        return UnionDirectory(self, parent, hash, directoryQid(parent, hash))
    }

    /// The value of an extended attribute of an entry.
    func attribute(_ name: RawSpan, of owner: TableEntry) throws(FileError) -> [UInt8] {
        var value: [UInt8]?
        forEachAttribute(of: owner) { attribute, bytes in
            let isIt = name.withUnsafeBytes { NameOrder.equal($0, attribute) }
            if isIt { value = Array(bytes) }
            return !isIt
        }
        guard let value else { throw FileError(.noAttribute) }
        return value
    }

    /// The names of an entry's extended attributes, each with a NUL behind it.
    func attributeNames(of owner: TableEntry) -> [UInt8] {
        var names: [UInt8] = []
        forEachAttribute(of: owner) { name, _ in
            names += name
            names.append(0)
            return true
        }
        return names
    }

    private func forEachAttribute(
        of owner: TableEntry,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) {
        guard let inode = generation.inode(owner), inode.hasAttributes else { return }
        _ = generation.withIndex(owner.package) { index in
            index.forEachAttribute(inode) { name, value in
                options.shows(attribute: name, keepsSetID: allows(owner.package))
                    ? body(name, value) : true
            }
        }
    }
}

/// A device, fifo or socket of a package.
final class UnionDevice: UnionNode {
    let named: UnionName

    init(_ named: UnionName) { self.named = named }
}

/// A regular file of a package, or something that is shown as an empty one.
final class UnionFile: UnionNode, File {
    let named: UnionName

    init(_ named: UnionName) { self.named = named }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        guard let inode = view.generation.inode(place.entry) else { throw FileError(.inputOutput) }
        guard inode.mode.type == .regular else { return HeldBytes() }
        return try view.generation.packages[Int(place.entry.package)].open(inode.number)
    }
}

/// A symbolic link, of a package or an alias's.
final class UnionLink: UnionNode, Link {
    let named: UnionName

    init(_ named: UnionName) { self.named = named }

    func target() throws(FileError) -> [UInt8] {
        let generation = view.generation
        guard let inode = generation.inode(place.entry) else {
            let extra = generation.table.extra(place.entry.number)
            return Array(generation.table.text(extra.targetOffset, Int(extra.targetLength)))
        }
        return generation.withIndex(place.entry.package) { Array($0.linkTarget(inode)) } ?? []
    }
}
