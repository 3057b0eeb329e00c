import FileTree

/// Times as pax records have them: decimal seconds, with a fraction.
enum PaxTime {
    static func format(_ time: Timestamp) -> [UInt8] {
        var seconds = time.seconds
        var fraction = time.nanoseconds
        let isNegative = seconds < 0
        if isNegative {
            // -1.5 is kept as -2 s and 500,000,000 ns.
            if fraction > 0 {
                seconds += 1
                fraction = 1_000_000_000 - fraction
            }
            seconds = -seconds
        }
        var text = Array("\(isNegative ? "-" : "")\(seconds)".utf8)
        guard fraction > 0 else { return text }
        var digits = Array("\(1_000_000_000 + fraction)".utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        text.append(UInt8(ascii: "."))
        return text + digits
    }

    /// Nil for what is no time, or does not fit.
    static func parse(_ text: some Collection<UInt8>) -> Timestamp? {
        var text = text[...]
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { text = text.dropFirst() }
        var seconds: Int64 = 0
        var digits = 0
        while let byte = text.first, byte >= 0x30, byte <= 0x39 {
            let (tens, a) = seconds.multipliedReportingOverflow(by: 10)
            let (sum, b) = tens.addingReportingOverflow(Int64(byte & 15))
            if a || b { return nil }
            seconds = sum
            digits += 1
            text = text.dropFirst()
        }
        guard digits > 0 else { return nil }
        var fraction: UInt32 = 0
        if text.first == UInt8(ascii: ".") {
            text = text.dropFirst()
            var scale: UInt32 = 100_000_000
            while let byte = text.first, byte >= 0x30, byte <= 0x39 {
                fraction += UInt32(byte & 15) * scale
                scale /= 10
                text = text.dropFirst()
            }
        }
        guard text.isEmpty else { return nil }
        guard isNegative else { return Timestamp(seconds: seconds, nanoseconds: fraction) }
        if fraction == 0 { return Timestamp(seconds: -seconds) }
        return Timestamp(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - fraction)
    }
}
