/// The sum of a line and what stands before it, against torn writes and accidents.
package enum LineSum {
    /// Its sixteen digits.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = StableHash(domain: 0x706b_6c6f_6731)
        hash.combine(bytes)
        var value = hash.finish()
        var digits = [UInt8](repeating: 0, count: 16)
        for place in digits.indices.reversed() {
            let digit = UInt8(truncatingIfNeeded: value & 15)
            digits[place] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
            value >>= 4
        }
        return digits
    }

    /// Whether the bytes end with the sum of those before it.
    package static func isRight(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 16 else { return false }
        let end = bytes.count - 16
        let front = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        return of(front).elementsEqual(bytes[end...])
    }
}
