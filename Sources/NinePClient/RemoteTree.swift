public import FileTree

/// A 9P server's tree, used as one of ours.
///
/// Every call is one or more requests and waits for their replies. 9P2000 knows neither links nor
/// owners' numbers, and 9P2000.u no further names: those are refused or absent.
public final class RemoteTree: Tree {
    private let client: Client

    /// Makes a tree of what `client` talks to.
    public init(_ client: Client) { self.client = client }

    /// Attaches at the server under the user's name and number.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        let fid = try client.attach(as: user.name, user: user.uid, to: name)
        guard fid.qid.type.contains(.directory) else { throw FileError(.notDirectory) }
        return Attachment(
            root: RemoteDirectory(RemoteName(fid: fid, name: [UInt8(ascii: "/")], parent: nil)),
            tree: self
        )
    }

    /// The room at the root of the server's tree without a name.
    public func statfs() throws(FileError) -> Statfs { try client.attach().statfs() }
}

/// A file at a server, and where it was found.
struct RemoteName: Sendable {
    let fid: Fid
    let name: [UInt8]
    let parent: RemoteDirectory?
}

/// A file of any kind at a server.
protocol RemoteNode: Node {
    var named: RemoteName { get }
}

extension RemoteNode {
    var fid: Fid { named.fid }
    var qid: Qid { fid.qid }
    var parent: (any Directory)? { named.parent }

    func withName(_ body: (RawSpan) -> Void) {
        let bytes = named.name
        body(bytes.span.bytes)
    }

    func stat() throws(FileError) -> Stat { try fid.stat().stat }

    func change(_ change: StatChange, by user: User) throws(FileError) { try fid.change(change) }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        try fid.attribute(Array(name))
    }

    func attributeNames() throws(FileError) -> [UInt8] { try fid.attribute([]) }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        try fid.setAttribute(Array(name), to: value)
    }
}

/// A device, fifo or socket at a server.
final class RemoteDevice: RemoteNode {
    let named: RemoteName

    init(_ named: RemoteName) { self.named = named }
}

/// A link at a server.
final class RemoteLink: RemoteNode, Link {
    let named: RemoteName

    init(_ named: RemoteName) { self.named = named }

    func target() throws(FileError) -> [UInt8] { try fid.readLink() }
}

/// A file of bytes at a server.
final class RemoteFile: RemoteNode, File {
    let named: RemoteName

    init(_ named: RemoteName) { self.named = named }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        let open = try fid.walk([])
        try open.open(mode)
        return RemoteOpenFile(open)
    }
}

/// An open file at a server.
final class RemoteOpenFile: OpenFile {
    private let fid: Fid

    init(_ fid: Fid) { self.fid = fid }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let (position, overflow) = offset.addingReportingOverflow(UInt64(done))
            let count = overflow ? 0 : try fid.read(into: rest, at: position)
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        try fid.write(Array(bytes), at: offset)
    }

    func sync() throws(FileError) { try fid.sync() }
}

extension Array<UInt8> {
    /// A copy of borrowed bytes.
    init(_ bytes: RawSpan) { self = bytes.withUnsafeBytes { Array($0) } }
}
