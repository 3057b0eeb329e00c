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
            root: RemoteDirectory(fid, name: [UInt8(ascii: "/")], parent: nil),
            tree: self
        )
    }

    /// The room at the root of the server's tree without a name.
    public func statfs() throws(FileError) -> Statfs { try client.attach().statfs() }
}

/// A file of any kind at a server.
///
/// `@unchecked Sendable`: a class with heirs cannot be `Sendable` plainly; nothing of it changes.
class RemoteNode: Node, @unchecked Sendable {
    let fid: Fid
    private let name: [UInt8]
    private let directoryFound: RemoteDirectory?

    init(_ fid: Fid, name: [UInt8], parent: RemoteDirectory?) {
        self.fid = fid
        self.name = name
        directoryFound = parent
    }

    /// The node of a fid that was found under `name`.
    static func make(
        _ fid: Fid,
        _ type: FileType,
        name: [UInt8],
        parent: RemoteDirectory
    ) -> RemoteNode {
        switch type {
        case .directory: RemoteDirectory(fid, name: name, parent: parent)
        case .symlink: RemoteLink(fid, name: name, parent: parent)
        case .regular: RemoteFile(fid, name: name, parent: parent)
        case .characterDevice, .blockDevice, .fifo, .socket:
            RemoteNode(fid, name: name, parent: parent)
        }
    }

    var qid: Qid { fid.qid }
    var parent: (any Directory)? { directoryFound }
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    func withName(_ body: (RawSpan) -> Void) {
        let bytes = name
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

    func sync() throws(FileError) {}
}

/// A link at a server.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class RemoteLink: RemoteNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] { try fid.readLink() }
}

/// A file of bytes at a server.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing of it changes.
final class RemoteFile: RemoteNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

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
