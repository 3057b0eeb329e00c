internal import FileTree
internal import NineP
internal import Synchronization

/// A name in another server's tree and what it stands for.
struct RemoteBaseName: ~Copyable, Sendable {
    let store: RemoteStore
    let name: [UInt8]
    let container: RemoteBaseDirectory?
    let type: Qid.Kind
    /// The qid's path, by which the file is told from another under its name.
    let path: UInt64
    /// The version as last heard of.
    let version: Atomic<UInt32>

    init(_ store: RemoteStore, name: [UInt8], in container: RemoteBaseDirectory?, _ qid: Qid) {
        self.store = store
        self.name = name
        self.container = container
        type = qid.type
        path = qid.path
        version = Atomic(qid.version)
    }

    var qid: Qid { Qid(type: type, version: version.load(ordering: .relaxed), path: path) }
}

/// The node of a name in another server's tree.
protocol RemoteBaseNode: Node {
    var named: RemoteBaseName { get }
}

extension RemoteBaseNode {
    var store: RemoteStore { named.store }
    var name: [UInt8] { named.name }
    var container: RemoteBaseDirectory? { named.container }
    var path: UInt64 { named.path }
    var qid: Qid { named.qid }

    func stat() throws(FileError) -> Stat {
        let stat = try store.stat(self)
        guard stat.qid.type == named.type else { throw FileError(.notFound) }
        named.version.store(stat.qid.version, ordering: .relaxed)
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
        var step: (any RemoteBaseNode)? = self
        while let node = step, let parent = node.container {
            names.append(node.name)
            step = parent
        }
        let words = names.reversed().map { String(decoding: $0, as: UTF8.self) }
        return "/" + words.joined(separator: "/")
    }
}

/// A device, fifo or socket in another server's tree.
final class RemoteBaseDevice: RemoteBaseNode {
    let named: RemoteBaseName

    init(_ named: consuming RemoteBaseName) { self.named = named }
}

/// A link in another server's tree.
final class RemoteBaseLink: RemoteBaseNode, Link {
    let named: RemoteBaseName

    init(_ named: consuming RemoteBaseName) { self.named = named }

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
