import FileTree

/// The number of an object of a layer: a file, a directory, a link, of the layer's own or adopted
/// from below.
///
/// Numbers are given from 1 up and never again; 1 is the root.
struct Serial: Hashable, Comparable, Sendable {
    let number: UInt64

    static let root = Serial(number: 1)

    static func < (a: Serial, b: Serial) -> Bool { a.number < b.number }
}

/// What a lower object was like when the layer first touched it.
///
/// A difference found later means that somebody changed the lower tree: its bytes are refused.
struct LowerMark: Hashable, Sendable {
    var type: FileType
    var qidPath: UInt64
    var qidVersion: UInt32
    var size: UInt64
    var modified: Timestamp
    /// How many names it had below.
    var links: UInt64
}

/// One change of a layer: what its log keeps, and what its state is made of.
///
/// The state after a record is a function of the state before it and the record alone: a live
/// change appends its record and then applies it, an opened log applies all of its own. So a
/// record holds results (the serial given, the time taken), never something to be decided again.
/// Names and targets are raw bytes. Every time is the change time of what it touches, and the
/// modification time of the directories it changes.
enum Record: Hashable, Sendable {
    /// A new object, and its first name. `detail` is a link's target; `device` a device's number.
    case made(
        Serial,
        type: FileType,
        in: Serial,
        name: [UInt8],
        NewAttributes,
        device: UInt64,
        detail: [UInt8],
        at: Timestamp
    )
    /// A lower object is given a serial, under the name by which it was reached; its directory is
    /// adopted by then. Nothing changes for anyone.
    ///
    /// Further names of the same lower object (one qid path) are names of this one.
    case adopted(Serial, in: Serial, name: [UInt8], LowerMark)
    /// Attributes set; nil leaves one alone.
    case changed(
        Serial,
        permissions: UInt32?,
        uid: UInt32?,
        gid: UInt32?,
        accessed: Timestamp?,
        modified: Timestamp?,
        at: Timestamp
    )
    /// An extended attribute set, or removed when there is no value.
    case attribute(Serial, name: [UInt8], value: [UInt8]?, at: Timestamp)
    /// A further name.
    case linked(Serial, in: Serial, name: [UInt8], at: Timestamp)
    /// A name removed; of a lower object there, a hole is left.
    case removed(from: Serial, name: [UInt8], at: Timestamp)
    /// A name moved; what had the new name goes in the same moment.
    case renamed(from: Serial, name: [UInt8], to: Serial, newName: [UInt8], at: Timestamp)
    /// The object's bytes are its data file's alone from here on, and the data file's length is the
    /// file's: `size` bytes at least.
    case ownData(Serial, size: UInt64, at: Timestamp)
    /// The object's bytes are the lower file's up to `lowerSize`, save the blocks of its data
    /// file that are named later; the data file's length is the file's: `size` bytes at least.
    case blockData(Serial, lowerSize: UInt64, size: UInt64, at: Timestamp)
    /// The data file is `size` bytes long at least, until the next such record: behind a growth,
    /// before a cut. `changes` is how often the contents had changed.
    case stored(Serial, size: UInt64, changes: UInt32)
    /// 64 KiB blocks that are the data file's from here on.
    case blocks(Serial, first: UInt64, count: UInt64)
    /// The file was cut: no lower byte from `size` on shows again.
    case cut(Serial, size: UInt64, at: Timestamp)
    /// The bytes were written, for the first time since the last record about the object's times.
    ///
    /// Later writes show by the data file's own modification time.
    case written(Serial, at: Timestamp)
    /// A lower file was opened for reading for the first time: its path below, from the root.
    case read(path: [UInt8])
    /// A rule added behind those there are, in the text form of rules.
    case rule([UInt8])
    /// No change is taken any more, until `unsealed`.
    case sealed
    case unsealed
    /// The layer is as new, but for its rules and its serials.
    case reset(next: Serial)
    /// The layer was opened to be written to: the files' versions start above those that anyone
    /// may have seen before, which later writes have not told.
    case opened

    // What a state is made of when a log is written anew: see `LayerState.forEachRecord`.

    /// A lower object that is, or was, known by a serial, where it was first touched; what it
    /// became is told by `object`, if it is still one.
    case place(Serial, in: Serial, name: [UInt8], LowerMark)
    /// An object as it is by now, without its names.
    case object(Serial, ObjectState)
    /// A name of a directory: of an object, or of none, which is a hole.
    case entry(of: Serial, name: [UInt8], Serial?, coversLower: Bool, isInPlace: Bool)
}

/// An object as a log that is written anew has it.
struct ObjectState: Hashable, Sendable {
    var type: FileType
    /// Whether it began as the lower object whose place has been told.
    var isLower: Bool
    var links: UInt64
    var changes: UInt32
    var attributes: ObjectAttributes
    var device: UInt64
    var target: [UInt8]
    var data: DataState

    /// Whose a file's bytes are, and how long its data file is at least.
    enum DataState: Hashable, Sendable {
        case lower
        case own(size: UInt64)
        case blocks(lowerSize: UInt64, size: UInt64)
    }
}

/// The attributes of an object made in a layer.
struct NewAttributes: Hashable, Sendable {
    var permissions: UInt32
    var uid: UInt32
    var gid: UInt32
}
