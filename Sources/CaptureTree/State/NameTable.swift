import FileTree

/// The names of a directory that a layer knows: found by a hash of the name, and listed in the
/// order in which they came.
///
/// A slot never moves while a position in the listing is held: positions (cookies) only grow, and
/// a name that goes leaves a gap that is closed when gaps are the greater part.
struct NameTable {
    /// What a name stands for.
    struct Slot {
        var name: [UInt8]
        fileprivate var hash: Int
        /// The position behind it in the listing of the layer's own names.
        fileprivate(set) var cookie: UInt64
        /// What the name stands for, and the name as nodes hold it; nil for a hole.
        var object: CaptureObject?
        var entry: CaptureEntry?
        /// Whether the lower directory has the name, too.
        var coversLower: Bool
        /// Whether it stands for what the lower directory has by that name.
        var isInPlace: Bool
        fileprivate var isGap = false

        /// Whether the name is listed as one of the layer's own, not at its place below.
        var isListed: Bool { object != nil && !isInPlace }
    }

    private(set) var slots: [Slot] = []
    /// Positions of slots and 1, by hash, open addressing; 0 is free.
    private var index: [UInt32] = []
    private var gaps = 0
    private var nextCookie: UInt64 = 1
    /// How many names stand for something.
    private(set) var liveCount = 0
    /// The last position given.
    var lastCookie: UInt64 { nextCookie - 1 }

    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return hasher.finalize()
    }

    /// The place of a name among the slots; nil when the layer does not know it.
    ///
    /// - Complexity: one probe, most often.
    func place(_ name: UnsafeRawBufferPointer) -> Int? {
        guard !index.isEmpty else { return nil }
        let hash = Self.hash(name)
        let mask = index.count - 1
        var probe = hash & mask
        while index[probe] != 0 {
            let place = Int(index[probe] - 1)
            if slots[place].hash == hash, !slots[place].isGap,
                slots[place].name.withUnsafeBytes({ $0.elementsEqual(name) })
            {
                return place
            }
            probe = (probe + 1) & mask
        }
        return nil
    }

    /// The place of a name among the slots; nil when the layer does not know it.
    func place(_ name: RawSpan) -> Int? { name.withUnsafeBytes { place($0) } }

    /// The place of a name among the slots; nil when the layer does not know it.
    func place(_ name: [UInt8]) -> Int? { name.withUnsafeBytes { place($0) } }

    /// The first place in the listing behind `cookie`.
    func firstPlace(after cookie: UInt64) -> Int {
        slots.indices.partitionPoint { slots[$0].cookie > cookie }
    }

    /// Gives a name to an object, at the listing's end; what the name stood for before is
    /// forgotten.
    mutating func set(
        _ entry: CaptureEntry,
        to object: CaptureObject,
        coversLower: Bool = false,
        isInPlace: Bool
    ) {
        var coversLower = coversLower || isInPlace
        if let old = place(entry.name) {
            coversLower = coversLower || slots[old].coversLower
            drop(old)
        }
        append(entry.name, object, entry, coversLower: coversLower, isInPlace: isInPlace)
        liveCount += 1
    }

    /// Makes a hole of a name that is not known yet.
    mutating func setHole(_ name: [UInt8]) {
        append(name, nil, nil, coversLower: true, isInPlace: false)
    }

    private mutating func append(
        _ name: [UInt8],
        _ object: CaptureObject?,
        _ entry: CaptureEntry?,
        coversLower: Bool,
        isInPlace: Bool
    ) {
        if (slots.count + 1) * 2 > index.count { rebuild() }
        let hash = name.withUnsafeBytes { Self.hash($0) }
        slots.append(
            Slot(
                name: name,
                hash: hash,
                cookie: nextCookie,
                object: object,
                entry: entry,
                coversLower: coversLower,
                isInPlace: isInPlace
            )
        )
        nextCookie += 1
        enter(slots.count - 1)
    }

    /// Takes what a name stands for away from it; where the lower directory has the name, a hole
    /// is left.
    mutating func take(_ place: Int) -> (object: CaptureObject, entry: CaptureEntry)? {
        guard let object = slots[place].object, let entry = slots[place].entry else { return nil }
        if slots[place].coversLower {
            slots[place].object = nil
            slots[place].entry = nil
            slots[place].isInPlace = false
            liveCount -= 1
        } else {
            drop(place)
        }
        return (object, entry)
    }

    private mutating func drop(_ place: Int) {
        if slots[place].object != nil { liveCount -= 1 }
        slots[place].object = nil
        slots[place].entry = nil
        // The hole, if there was one, is the new slot's.
        slots[place].coversLower = false
        slots[place].isGap = true
        gaps += 1
    }

    private mutating func enter(_ place: Int) {
        let mask = index.count - 1
        var probe = slots[place].hash & mask
        while index[probe] != 0 { probe = (probe + 1) & mask }
        index[probe] = UInt32(place + 1)
    }

    private mutating func rebuild() {
        slots.removeAll { $0.isGap }
        gaps = 0
        var size = 8
        while size < (slots.count + 1) * 4 { size *= 2 }
        index = [UInt32](repeating: 0, count: size)
        for place in slots.indices { enter(place) }
    }
}

/// A name as the nodes found by it hold it: it goes along when the name is moved.
///
/// `@unchecked Sendable`: the variables are read and written under the layer's lock alone.
final class CaptureEntry: @unchecked Sendable {
    var name: [UInt8]
    /// The directory it is in, or was in when it went.
    var parent: Serial

    init(name: [UInt8], in parent: Serial) {
        self.name = name
        self.parent = parent
    }
}
