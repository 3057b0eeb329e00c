/// Numbers as tar headers have them.
enum TarNumber {
    /// Puts a number into the field of `length` bytes at `offset`: octal digits, as many as the
    /// field has room for but one, and a NUL.
    ///
    /// False when it has more digits; the lower ones are put then.
    static func put(_ value: UInt64, in block: inout [UInt8], at offset: Int, _ length: Int) -> Bool
    {
        var rest = value
        for at in (offset..<offset + length - 1).reversed() {
            block[at] = UInt8(ascii: "0") + UInt8(rest & 7)
            rest >>= 3
        }
        block[offset + length - 1] = 0
        return rest == 0
    }

    /// Reads a field: octal digits between spaces or NULs, or base 256 when the first bit is set.
    ///
    /// Nil when it is neither, or does not fit 64 bits.
    static func parse(_ field: UnsafeRawBufferPointer) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 { return parseBinary(field) }
        var value: Int64 = 0
        var state = 0  // before the digits, among them, behind them
        for byte in field {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                guard state < 2 else { return nil }
                state = 1
                guard value >> 60 == 0 else { return nil }
                value = value << 3 | Int64(byte & 7)
            case 0, UInt8(ascii: " "):
                if state == 1 { state = 2 }
            default: return nil
            }
        }
        return value
    }

    private static func parseBinary(_ field: UnsafeRawBufferPointer) -> Int64? {
        // The second bit is the sign; the rest is two's complement, the highest byte first.
        let isNegative = field[0] & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (at, byte) in field.enumerated() {
            let byte = at == 0 ? byte & 0x3f | (isNegative ? 0xc0 : 0) : byte
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
            if overflow { return nil }
            value = shifted | Int64(byte)
        }
        return value
    }
}
