import FileTree

/// The fids of one conversation.
///
/// Linux numbers its fids small and dense: those below `dense` are found by their number in an
/// array that grows on demand. Plan 9's are sparse: the others are in a hash table with linear
/// probing. Both hold the fids themselves, so that none costs an allocation of its own.
///
/// A pointer that `find` gave is good until the next `insert` or `remove`.
struct FidTable: ~Copyable {
    /// Numbers below this are direct.
    static let dense: UInt32 = 4096

    private var direct = Slots(count: 0)
    private var sparse = Slots(count: 0)
    private var keys = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)
    private var sparseCount = 0
    /// How many fids there are.
    private(set) var count = 0
    private let limit: Int

    /// Makes an empty table that takes `limit` fids.
    init(limit: Int) { self.limit = limit }

    deinit {
        direct.free()
        sparse.free()
        keys.deallocate()
    }

    /// The fid of this number; nil when there is none.
    @inline(__always)
    func find(_ number: UInt32) -> UnsafeMutablePointer<Fid>? {
        if number < UInt32(truncatingIfNeeded: direct.count) {
            let position = Int(number)
            return direct.isUsed(position) ? direct.fids + position : nil
        }
        if sparseCount == 0 { return nil }
        let position = place(of: number)
        return sparse.isUsed(position) ? sparse.fids + position : nil
    }

    /// Adds a fid under a number that is free.
    ///
    /// Errors: `.fidInUse`, `.tooManyFiles` at the limit.
    mutating func insert(_ number: UInt32, _ fid: consuming Fid) throws(FileError) {
        guard find(number) == nil else { throw FileError(.fidInUse) }
        guard count < limit else { throw FileError(.tooManyFiles) }
        if number < Self.dense {
            let position = Int(number)
            while position >= direct.count { growDirect() }
            direct.put(position, fid)
        } else {
            if (sparseCount + 1) * 4 > sparse.count * 3 { growSparse() }
            let position = place(of: number)
            keys[position] = number
            sparse.put(position, fid)
            sparseCount += 1
        }
        count += 1
    }

    /// Takes a fid out; nil when there is none.
    mutating func remove(_ number: UInt32) -> Fid? {
        if number < UInt32(truncatingIfNeeded: direct.count) {
            guard direct.isUsed(Int(number)) else { return nil }
            count -= 1
            return direct.take(Int(number))
        }
        if sparseCount == 0 { return nil }
        let position = place(of: number)
        guard sparse.isUsed(position) else { return nil }
        let fid = sparse.take(position)
        count -= 1
        sparseCount -= 1
        closeGap(position)
        return fid
    }

    /// Shows every fid.
    func forEach(_ body: (borrowing Fid) -> Void) {
        for position in 0..<direct.count where direct.isUsed(position) {
            body(direct.fids[position])
        }
        for position in 0..<sparse.count where sparse.isUsed(position) {
            body(sparse.fids[position])
        }
    }

    /// Drops every fid.
    mutating func removeAll() {
        direct.free()
        sparse.free()
        direct = Slots(count: 0)
        sparse = Slots(count: 0)
        sparseCount = 0
        count = 0
    }

    private mutating func growDirect() {
        let larger = Slots(count: max(64, direct.count * 2))
        for position in 0..<direct.count where direct.isUsed(position) {
            larger.put(position, direct.take(position))
        }
        direct.free()
        direct = larger
    }

    private mutating func growSparse() {
        let old = sparse
        let oldKeys = keys
        sparse = Slots(count: max(64, old.count * 2))
        keys = UnsafeMutablePointer<UInt32>.allocate(capacity: sparse.count)
        for position in 0..<old.count where old.isUsed(position) {
            let target = place(of: oldKeys[position])
            keys[target] = oldKeys[position]
            sparse.put(target, old.take(position))
        }
        old.free()
        oldKeys.deallocate()
    }

    /// Where a number is, or where it would be put.
    private func place(of number: UInt32) -> Int {
        let mask = sparse.count - 1
        var position = home(number)
        while sparse.isUsed(position), keys[position] != number { position = (position + 1) & mask }
        return position
    }

    private func home(_ number: UInt32) -> Int {
        // Fibonacci hashing: neighbouring numbers, which clients like, spread out.
        Int((UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (sparse.count - 1)
    }

    /// Moves back those that had been pushed over a place that is free now.
    private mutating func closeGap(_ position: Int) {
        let mask = sparse.count - 1
        var gap = position
        var next = (gap + 1) & mask
        while sparse.isUsed(next) {
            let distance = (next - home(keys[next])) & mask
            if distance >= (next - gap) & mask {
                keys[gap] = keys[next]
                sparse.put(gap, sparse.take(next))
                gap = next
            }
            next = (next + 1) & mask
        }
    }
}

/// Memory for fids, with a bit each that says whether one is there.
private struct Slots {
    let count: Int
    let fids: UnsafeMutablePointer<Fid>
    private let used: UnsafeMutablePointer<UInt64>

    init(count: Int) {
        self.count = count
        fids = UnsafeMutablePointer<Fid>.allocate(capacity: count)
        used = UnsafeMutablePointer<UInt64>.allocate(capacity: (count + 63) / 64)
        used.initialize(repeating: 0, count: (count + 63) / 64)
    }

    @inline(__always)
    func isUsed(_ position: Int) -> Bool {
        used[position >> 6] >> UInt64(position & 63) & 1 != 0
    }

    func put(_ position: Int, _ fid: consuming Fid) {
        (fids + position).initialize(to: fid)
        used[position >> 6] |= 1 << UInt64(position & 63)
    }

    func take(_ position: Int) -> Fid {
        used[position >> 6] &= ~(1 << UInt64(position & 63))
        return (fids + position).move()
    }

    func free() {
        for position in 0..<count where isUsed(position) {
            (fids + position).deinitialize(count: 1)
        }
        fids.deallocate()
        used.deallocate()
    }
}
