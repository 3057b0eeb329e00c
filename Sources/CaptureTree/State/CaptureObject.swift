import FileTree
import Synchronization

/// A file, directory or link that a layer knows, under all its names.
///
/// `@unchecked Sendable`: every variable is read and written under the layer's lock alone.
final class CaptureObject: @unchecked Sendable {
    let serial: Serial
    let type: FileType
    /// What it began as; nil when it was made in the layer.
    let lower: LowerPlace?
    /// Of the root alone it is not known before there is a tree.
    var qidPath: UInt64
    /// Names in this view; those of a lower object that no one has touched among them.
    var links: UInt64
    /// The names that the layer knows.
    var names: [CaptureEntry] = []
    /// How often the contents have changed.
    var changes: UInt32 = 0
    var attributes = ObjectAttributes()
    /// Extended attributes set, or removed, since the object was the lower one.
    var extended: [[UInt8]: [UInt8]?] = [:]
    /// A directory's names.
    var entries = NameTable()
    /// A link's target.
    var target: [UInt8] = []
    var device: UInt64 = 0
    /// Whose a file's bytes are.
    var bytes = ObjectBytes.lower
    /// A file's length, when the bytes are not the lower file's.
    var size: UInt64 = 0
    /// Whether length and times are those of the data file: they are not, until it was asked,
    /// after a layer has been opened.
    var isLoaded = true
    /// How long the data file is at least, as the log knows: where it is shorter or missing, bytes
    /// are lost.
    var storedSize: UInt64 = 0
    /// How often the contents had changed when the log was last told.
    var storedChanges: UInt32 = 0
    /// Whether the log is to be told of a growth.
    var isUnsettled = false
    /// Whether the data file may have holes.
    var mayBeSparse = false
    /// The open data file, as long as somebody has it open.
    weak var openData: (any DataFile)?
    /// Where the data file is to be removed once nobody holds the object; nil as long as it has a
    /// name.
    var removal: (any DataFiles)?
    /// The time from one reset of the layer to the next that it belongs to.
    var era: Era
    /// Whether the layer has been reset since: the object is of no tree any more.
    var isDetached: Bool { era.isOver }

    /// Held while the bytes or their length are changed; taken before the layer's lock.
    let writing = Mutex(())

    init(
        _ serial: Serial,
        type: FileType,
        lower: LowerPlace?,
        qidPath: UInt64,
        links: UInt64,
        _ era: Era
    ) {
        self.serial = serial
        self.type = type
        self.lower = lower
        self.qidPath = qidPath
        self.links = links
        self.era = era
    }

    deinit { if hasData { removal?.remove(serial) } }

    /// Whether it has data of its own on disk.
    var hasData: Bool { bytes != .lower }

    /// Notes a change of the contents.
    func modify(_ time: Timestamp) {
        attributes.modified = time
        attributes.changed = time
        changes &+= 1
    }

    /// The version, which no client may take for one before the change.
    var version: UInt32 {
        let base = lower?.mark.qidVersion ?? 1
        guard changes > 0 else { return base }
        let version = base &+ changes
        return version == 0 ? 1 : version
    }

    var qid: Qid { Qid(type: type.qidKind, version: version, path: qidPath) }

    /// The attributes; nil when the lower object's or the data file's have to be asked for first.
    var stat: Stat? {
        guard isLoaded else { return nil }
        var stat: Stat
        if let lower {
            guard let below = lower.stat else { return nil }
            stat = below
            stat.qid = qid
            if type == .directory, changes > 0 { stat.size = 0 }
        } else {
            stat = Stat(qid: qid, mode: Mode(type, 0))
            stat.device = device
            stat.size = UInt64(target.count)
        }
        if type != .directory || links == 0 { stat.links = links }
        attributes.apply(to: &stat)
        if hasData {
            stat.size = size
            stat.allocated = size > .max - 511 ? size : (size + 511) & ~511
        }
        return stat
    }
}

/// The time from one reset of a layer to the next.
///
/// `@unchecked Sendable`: the variable is read and written under the layer's lock alone.
final class Era: @unchecked Sendable {
    var isOver = false
}

/// Whose a file's bytes are.
enum ObjectBytes: Hashable, Sendable {
    /// The lower file's; of anything made in a layer, there are none.
    case lower
    /// The data file's alone.
    case own
    /// The lower file's, but for some blocks.
    case blocks(BlockMap)
}

/// The attributes of an object as far as they were set in a layer.
struct ObjectAttributes: Hashable, Sendable {
    var permissions: UInt32?
    var uid: UInt32?
    var gid: UInt32?
    var accessed: Timestamp?
    var modified: Timestamp?
    var changed: Timestamp?
    /// Whether a later modification time is the data file's.
    var followsData = false
    /// What somebody has asked for, and did not come by itself.
    var declared: Declared = []

    /// Attributes that somebody has set.
    struct Declared: OptionSet, Hashable, Sendable {
        let rawValue: UInt8
        static let mode = Declared(rawValue: 1)
        static let owner = Declared(rawValue: 2)
        static let group = Declared(rawValue: 4)
        static let time = Declared(rawValue: 8)
        static let extended = Declared(rawValue: 16)
    }

    func apply(to stat: inout Stat) {
        if let permissions { stat.mode.permissions = permissions }
        if let uid { stat.uid = uid }
        if let gid { stat.gid = gid }
        if let accessed { stat.accessed = accessed }
        if let modified { stat.modified = modified }
        if let changed { stat.changed = changed }
    }
}
