internal import FileTree
internal import NineP
internal import Synchronization

/// A name in another server's tree and what it stands for; by itself a device, fifo or socket.
///
/// `@unchecked Sendable`: the version is atomic and all else constant, but the class has heirs.
class RemoteBaseNode: Node, @unchecked Sendable {
    let store: RemoteStore
    let name: [UInt8]
    let container: RemoteBaseDirectory?
    private let type: Qid.Kind
    /// The qid's path, by which the file is told from another under its name.
    let path: UInt64
    /// The version as last heard of.
    private let version: Atomic<UInt32>

    init(_ store: RemoteStore, name: [UInt8], in container: RemoteBaseDirectory?, _ qid: Qid) {
        self.store = store
        self.name = name
        self.container = container
        type = qid.type
        path = qid.path
        version = Atomic(qid.version)
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    var qid: Qid { Qid(type: type, version: version.load(ordering: .relaxed), path: path) }

    func stat() throws(FileError) -> Stat {
        let stat = try store.stat(self)
        guard stat.qid.type == type else { throw FileError(.notFound) }
        version.store(stat.qid.version, ordering: .relaxed)
        return stat
    }

    var parent: (any Directory)? { container }

    func withName(_ body: (RawSpan) -> Void) {
        let name = name
        body(name.span.bytes)
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        let name = Array(name)
        return try store.detail(.attribute(name), of: self) { (fid) throws(FileError) in
            guard fid.client.dialect == .linux else { throw FileError(.noAttribute) }
            do throws(FileError) { return try fid.attribute(name) } catch {
                // To have none at all is to have none of this name.
                throw error.kind == .unsupported ? FileError(.noAttribute) : error
            }
        }
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        try store.detail(.attributeNames, of: self) { (fid) throws(FileError) in
            guard fid.client.dialect == .linux else { return [] }
            do throws(FileError) { return try fid.attribute([]) } catch {
                let hasNone = error.kind == .unsupported || error.kind == .noAttribute
                guard hasNone else { throw error }
                return []
            }
        }
    }

    /// The path below the root, for people.
    var text: String {
        var names: [[UInt8]] = []
        var step: RemoteBaseNode? = self
        while let node = step, let parent = node.container {
            names.append(node.name)
            step = parent
        }
        let words = names.reversed().map { String(decoding: $0, as: UTF8.self) }
        return "/" + words.joined(separator: "/")
    }
}

/// A link in another server's tree.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added that changes.
final class RemoteBaseLink: RemoteBaseNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] {
        try store.detail(.link, of: self) { (fid) throws(FileError) in
            let target = try fid.readLink()
            guard (1..<4096).contains(target.count), !target.contains(0) else {
                throw FileError(.inputOutput, "a link of \(target.count) bytes, or with a NUL")
            }
            return target
        }
    }
}
