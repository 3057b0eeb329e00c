import FileTree

/// What a fid stands for: a node, the attach it was walked from, and what it is opened for.
struct Fid {
    /// The file itself, not its path: it stays when names change.
    var node: any Node
    /// The attach from which the walk began.
    let attach: AttachPoint
    /// Nil until the fid is opened.
    var opened: Opened?
}

/// An open fid's state: of a file, a directory that is listed, or an extended attribute.
final class Opened {
    /// The open file; nil for directories and attributes.
    let file: (any OpenFile)?
    let mode: OpenMode
    /// Whether the name goes when the fid does.
    ///
    /// The corresponding constant is `ORCLOSE`.
    let removesOnClose: Bool
    /// Of a file that Linux appends to: where it takes the end to be, and the file for writes in
    /// front of that, opened when there is one.
    var appendEnd: UInt64?
    var positioned: (any OpenFile)?
    /// Where the next read of a directory has to start, and the tree's word for that place.
    var directoryOffset: UInt64 = 0
    var cookie: UInt64 = 0
    /// What is listed, from where a read began at the start: it goes on in the same state, however
    /// many others come.
    var listed: (any Directory)?
    /// An attribute's value, as read or as written so far.
    var attribute: OpenAttribute?
    /// Whether locks may have been taken through this fid.
    var hasLocks = false

    /// What is listed from a position on: what its start was listed of.
    func listing(_ directory: any Directory, from cookie: UInt64) -> any Directory {
        if cookie == 0 { listed = directory.listed }
        return listed ?? directory
    }

    init(file: (any OpenFile)?, mode: OpenMode, removesOnClose: Bool = false) {
        self.file = file
        self.mode = mode
        self.removesOnClose = removesOnClose
    }
}

/// An extended attribute that a fid reads, or collects until it is clunked.
struct OpenAttribute {
    /// Its name; empty when the list of names is read.
    let name: [UInt8]
    var value: [UInt8]
    /// The length that was announced, for one that is written; nil for one that is read.
    let announced: Int?
    /// Whether it must not, or must, be there already.
    let flags: UInt32
}
