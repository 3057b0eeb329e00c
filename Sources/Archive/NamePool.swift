/// The distinct names of an index, one after the other, found again by their bytes.
struct NamePool {
    private(set) var bytes: [UInt8] = []
    // Where each name starts; one more at the end. Name 0 is the empty one.
    private var starts: [UInt32] = [0, 0]
    private var slots: [UInt32] = Array(repeating: 0, count: 64)

    var count: Int { starts.count - 1 }

    func place(of number: UInt32) -> (offset: UInt32, length: UInt32) {
        let start = starts[Int(number)]
        return (start, starts[Int(number) + 1] - start)
    }

    func withName<R>(_ number: UInt32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let (offset, length) = place(of: number)
        return bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset + length)]))
        }
    }

    func find(_ name: UnsafeRawBufferPointer) -> UInt32? {
        let number = slots[slot(of: name)]
        return number == 0 ? nil : number
    }

    mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 {
        let slot = slot(of: name)
        if slots[slot] != 0 { return slots[slot] }
        let number = UInt32(count)
        slots[slot] = number
        bytes.append(contentsOf: name)
        // 2^24 names of at most 255 bytes stay below 2^32.
        starts.append(UInt32(bytes.count))
        if count * 2 > slots.count { grow() }
        return number
    }

    private func slot(of name: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: SlotHash.hash(name, in: 0, seed: Self.seed) >> 20) & mask
        while slots[slot] != 0, !withName(slots[slot], { $0.elementsEqual(name) }) {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for number in 1..<UInt32(count) {
            slots[withName(number) { slot(of: $0) }] = number
        }
    }

    // One for the process: names chosen to collide in this table must be chosen anew each time.
    private static let seed = UInt64.random(in: .min ... .max)
}
