/// The one error that crosses a target's border: a kind for programs, a context for people.
///
/// The kind decides what a client is told; the context goes to logs and to the user's terminal, and
/// where it `isSaid` to the client that asked.
public struct FileError: Error, Sendable, Hashable {
    /// What went wrong, by the one table.
    public var kind: Kind
    /// Whether the context is for a client, too, where its protocol has room for a sentence: what a
    /// control file says of the words that were written to it.
    public var isSaid = false
    /// Where and with what: a path, an offset, a field; nil where the asker knows.
    public var context: String?

    /// Makes an error.
    @inlinable
    public init(_ kind: Kind, _ context: String? = nil) {
        self.kind = kind
        self.context = context
    }

    /// Says that bytes from outside break their format.
    public static func malformed(_ context: String) -> FileError { FileError(.malformed, context) }

    /// The same error with `place` in front of its context.
    public func at(_ place: String) -> FileError {
        var error = self
        error.context = context.map { "\(place): \($0)" } ?? place
        return error
    }

    /// What can go wrong.
    ///
    /// The order is the table's in `FileError+Table.swift`.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// No file of that name.
        case notFound
        /// The user may not.
        case permission
        /// The change is not for this user or this file, whatever its mode.
        case notPermitted
        /// The name is taken.
        case exists
        /// A step down from what is not a directory.
        case notDirectory
        /// Bytes asked of a directory.
        case isDirectory
        /// A directory that still has names.
        case notEmpty
        /// Nothing can be changed here.
        case readOnly
        /// No such fid in this conversation.
        case unknownFid
        /// The fid is taken.
        case fidInUse
        /// A directory is read from its start or where the last read ended.
        case badDirectoryOffset
        /// A disk or a peer failed.
        case inputOutput
        /// Bytes from outside break their format.
        case malformed
        /// No room.
        case noSpace
        /// A limit on what one may use.
        case quota
        /// Attributes that this file cannot take.
        case wstatProhibited
        /// The message makes no sense here.
        case protocolBotch
        /// An argument out of its range.
        case invalid
        /// A name that is empty, `.` or `..`, or holds `/` or NUL.
        case illegalName
        /// The server or the tree does not do this.
        case unsupported
        /// No such extended attribute.
        case noAttribute
        /// The buffer given for an answer is too small.
        case range
        /// Too many links on the way.
        case tooManyLinks
        /// A name or path that is too long.
        case nameTooLong
        /// A file longer than this tree takes.
        case tooBig
        /// Two trees, where one is needed.
        case crossDevice
        /// Too many open at once.
        case tooManyFiles
        /// In use by another.
        case busy
        /// Not now.
        case again
        /// Given up because the asker wished so.
        case interrupted
        /// No memory.
        case noMemory
        /// Two packages, or two wishes, that cannot both be had.
        case conflict
    }
}
