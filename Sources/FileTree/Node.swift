/// A file of any kind, found under one name.
///
/// A node is an object: whoever holds it pins what it stands for, and reads go on after its name
/// is gone. Files with several names are one node a name, with one qid. A node is exactly one of
/// `File`, `Directory`, `Link` or, for devices, fifos and sockets, none of them.
///
/// All methods may be called from any thread, beside any other; a tree that can be changed keeps
/// its own order.
public protocol Node: AnyObject, Sendable {
    /// The file's identity and version; costs no more than a load.
    var qid: Qid { get }

    /// The path of the qid alone, which never changes; for trees that have to ask for the version.
    var qidPath: UInt64 { get }

    /// The attributes now.
    func stat() throws(FileError) -> Stat

    /// Sets attributes; all or none of them, save that a file may have its new length when the rest
    /// fails for want of room.
    ///
    /// Errors: `.readOnly` where nothing can be changed, `.notPermitted` for another's file.
    func change(_ change: StatChange, by user: User) throws(FileError)

    /// The directory in which this name was found; nil at a tree's root.
    ///
    /// It may be another object each time; its qid is the same.
    var parent: (any Directory)? { get }

    /// Shows the name in raw bytes, without a copy; `/` at a tree's root.
    func withName(_ body: (RawSpan) -> Void)

    /// This node as a file; nil when it is none, likewise the next two.
    var file: (any File)? { get }
    /// This node as a directory.
    var directory: (any Directory)? { get }
    /// This node as a link.
    var link: (any Link)? { get }

    /// The value of an extended attribute.
    ///
    /// Errors: `.noAttribute` when there is none of that name.
    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8]

    /// The names of all extended attributes, each with a NUL behind it.
    func attributeNames() throws(FileError) -> [UInt8]

    /// Sets an extended attribute; nil removes it.
    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError)

    /// Puts contents and attributes on stable storage.
    func sync() throws(FileError)
}

extension Node {
    /// The path of the qid.
    public var qidPath: UInt64 { qid.path }

    /// Not a file.
    public var file: (any File)? { nil }
    /// Not a directory.
    public var directory: (any Directory)? { nil }
    /// Not a link.
    public var link: (any Link)? { nil }

    /// Refuses all but the change of nothing.
    public func change(_ change: StatChange, by user: User) throws(FileError) {
        if !change.isEmpty { throw FileError(.readOnly) }
    }

    /// Has none.
    public func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        throw FileError(.noAttribute)
    }

    /// Has none.
    public func attributeNames() throws(FileError) -> [UInt8] { [] }

    /// Refuses: nothing can be changed here.
    public func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        throw FileError(.readOnly)
    }

    /// Does nothing: there is nothing to put on storage.
    public func sync() throws(FileError) {}
}

/// A file of bytes.
public protocol File: Node {
    /// Opens the file. Permission has been asked for by then.
    ///
    /// With `.truncate` the file is empty afterwards. Errors: `.readOnly` for writing where
    /// nothing can be changed.
    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile
}

extension File {
    /// This file.
    public var file: (any File)? { self }
}

/// A symbolic link.
public protocol Link: Node {
    /// The path that the link holds: 1 to 4,095 bytes, no NUL.
    func target() throws(FileError) -> [UInt8]
}

extension Link {
    /// This link.
    public var link: (any Link)? { self }
}

/// What a file is opened for.
@frozen
public struct OpenMode: OptionSet, Sendable, Hashable {
    /// The bits; not those of any wire.
    public let rawValue: UInt8

    /// Makes a mode of its bits.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes are read.
    public static var read: OpenMode { @inlinable get { OpenMode(rawValue: 1) } }
    /// Bytes are written.
    public static var write: OpenMode { @inlinable get { OpenMode(rawValue: 2) } }
    /// The file is emptied.
    public static var truncate: OpenMode { @inlinable get { OpenMode(rawValue: 4) } }
    /// Every write goes to the end.
    public static var append: OpenMode { @inlinable get { OpenMode(rawValue: 8) } }
}
