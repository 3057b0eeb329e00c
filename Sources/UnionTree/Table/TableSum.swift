import FileTree

/// The sum that tells a damaged table from a whole one: four lanes of eight bytes a step, so that
/// a table of a million entries costs a millisecond.
///
/// It finds accidents, not attacks: who can write the cache can write a sum.
enum TableSum {
    /// The sum of all bytes behind the place where it is stored.
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let odd: UInt64 = 0x9e37_79b9_7f4a_7c15
        var a = odd
        var b = odd &* 3
        var c = odd &* 5
        var d = odd &* 7
        func step(_ lane: UInt64, _ offset: Int) -> UInt64 {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let product = (lane ^ word) &* odd
            return product << 31 | product >> 33
        }
        var at = TableLayout.summedFrom
        while bytes.count - at >= 32 {
            a = step(a, at)
            b = step(b, at + 8)
            c = step(c, at + 16)
            d = step(d, at + 24)
            at += 32
        }
        var sum = StableHash(domain: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        sum.combine(UInt64(bytes.count))
        sum.combine(UnsafeRawBufferPointer(rebasing: bytes[at...]))
        for lane in [a, b, c, d] { sum.combine(lane) }
        return sum.finish()
    }
}
