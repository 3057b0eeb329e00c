import FileTree
import Synchronization

/// What a layer's records come to.
struct LayerState: ~Copyable {
    let id: UInt64
    /// The next serial to be given.
    var next = Serial(number: 2)
    /// All objects that have a name.
    var objects: [Serial: CaptureObject] = [:]
    /// What became of lower objects, by their qids' paths.
    ///
    /// Those without a name live as long as somebody holds them.
    var adopted: [UInt64: WeakObject] = [:]
    /// How often a lower object became one of the layer's: as long as it stands still, what was
    /// found to be untouched still is.
    let adoptions: AdoptionCount
    let root: CaptureObject
    var era = Era()
    var isSealed = false
    var rules = Rules.defaults
    /// Lower files opened for reading, in their order, and their qids' paths.
    var reads: [[UInt8]] = []
    var readPaths: Set<UInt64> = []
    /// Records that change nothing for anyone, applied already: they go to the log with the next.
    var pending: [Record] = []
    /// Lower objects that have lost their names a short while ago: a node that was found before
    /// they were touched does not hold them yet.
    var graves = Graveyard()
    /// Objects whose data files have grown since the log was told.
    var unsettled: [CaptureObject] = []
    /// Whether the log is still to be told that it was opened.
    var isOpenUntold = false
    /// Whether changes are made that are all kept or none.
    var isHeld = false
    /// Where lower objects were found, by serial, while a log that was written anew is replayed.
    var places: [Serial: LowerPlace] = [:]
    /// Where the data files of objects without a name are removed; nil while a log is replayed.
    var data: (any DataFiles)?

    /// An object that others keep alive.
    struct WeakObject {
        weak var object: CaptureObject?
    }

    init(id: UInt64) {
        self.id = id
        adoptions = AdoptionCount()
        let mark = LowerMark(
            type: .directory,
            qidPath: 0,
            qidVersion: 0,
            size: 0,
            modified: Timestamp(seconds: 0),
            links: 1
        )
        root = CaptureObject(
            .root,
            type: .directory,
            lower: LowerPlace(.root, parent: nil, name: [], mark: mark),
            qidPath: 0,
            links: 1,
            era
        )
        objects[.root] = root
        places[.root] = root.lower
    }

    /// What records come to, in their order.
    init(id: UInt64, _ records: RecordEmitter) throws(FileError) {
        self.init(id: id)
        try records { (record) throws(FileError) in apply(record) }
    }

    /// The path of the qid of an object made here.
    func qidPath(of serial: Serial) -> UInt64 {
        var hash = StableHash(domain: id)
        hash.combine(serial.number)
        return hash.qidPath()
    }

    /// Whether a directory is `other` or lies below it.
    func isWithin(_ directory: CaptureObject, _ other: CaptureObject) -> Bool {
        var step: CaptureObject? = directory
        while let here = step {
            if here === other { return true }
            step = here.names.first.flatMap { objects[$0.parent] }
        }
        return false
    }

    /// The path of an object that has a name, as far as it goes.
    func path(of object: CaptureObject) -> [UInt8] {
        var names: [[UInt8]] = []
        var step: CaptureObject? = object
        while let here = step, let name = here.names.first {
            names.append(name.name)
            step = objects[name.parent]
        }
        return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
    }
}

/// Counts the lower objects that have become a layer's.
final class AdoptionCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .acquiring) }

    /// Counts one more; the layer's lock is held.
    func increase() { count.add(1, ordering: .releasing) }
}
