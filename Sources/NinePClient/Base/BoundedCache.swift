/// A map that holds so many bytes and entries at most: what was used longest ago goes first.
///
/// A value that goes is handed back, for the owner to let go of where no lock is held.
struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let byteLimit: Int
    private let entryLimit: Int
    private var places: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var free: [Int] = []
    /// The slots used last and longest ago; -1 for none.
    private var newest = -1
    private var oldest = -1
    /// What all entries are said to take.
    private(set) var bytes = 0

    private struct Slot: Sendable {
        var key: Key
        var value: Value?
        var cost: Int
        var newer: Int
        var older: Int
    }

    /// What an entry takes beside its value: its slot and its place in the table, about.
    static var overhead: Int { MemoryLayout<Slot>.stride + 2 * MemoryLayout<Key>.stride + 32 }

    /// Makes an empty one.
    init(bytes: Int, entries: Int) {
        byteLimit = bytes
        entryLimit = max(1, entries)
    }

    var count: Int { places.count }

    /// The value of a key, which is the one used last from here on.
    mutating func value(for key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        if place != newest {
            unlink(place)
            link(place)
        }
        return slots[place].value
    }

    /// Puts a value in, of so many bytes beside the entry itself.
    ///
    /// Returns what has to go for it: that of the same key, what was used longest ago, and the
    /// value itself when it is larger than all that may be held.
    mutating func insert(_ value: Value, for key: Key, cost: Int = 0) -> [Value] {
        var gone: [Value] = []
        if let old = remove(key) { gone.append(old) }
        let (cost, overflow) = cost.addingReportingOverflow(Self.overhead)
        guard !overflow, cost <= byteLimit else { return gone + [value] }
        while places.count >= entryLimit || bytes > byteLimit - cost {
            guard oldest >= 0, let old = remove(slots[oldest].key) else { break }
            gone.append(old)
        }
        let slot = Slot(key: key, value: value, cost: cost, newer: -1, older: -1)
        let place: Int
        if let unused = free.popLast() {
            place = unused
            slots[place] = slot
        } else {
            place = slots.count
            slots.append(slot)
        }
        places[key] = place
        bytes += cost
        link(place)
        return gone
    }

    /// Takes a value out.
    mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        unlink(place)
        bytes -= slots[place].cost
        free.append(place)
        return slots[place].value.take()
    }

    /// Takes everything out.
    mutating func removeAll() -> [Value] {
        defer { self = BoundedCache(bytes: byteLimit, entries: entryLimit) }
        return slots.compactMap(\.value)
    }

    private mutating func link(_ place: Int) {
        slots[place].newer = -1
        slots[place].older = newest
        if newest >= 0 { slots[newest].newer = place }
        newest = place
        if oldest < 0 { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer >= 0 { slots[newer].older = older } else { newest = older }
        if older >= 0 { slots[older].newer = newer } else { oldest = newer }
    }
}
