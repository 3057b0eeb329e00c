/// Words of a line with one space between them.
package struct WordReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// Reads the words of these bytes, which are there for as long as it is used.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all has been read.
    package var isAtEnd: Bool { place > bytes.count }

    /// The next word; nil at the end.
    package mutating func word() -> UnsafeRawBufferPointer? {
        guard place <= bytes.count else { return nil }
        let rest = bytes[place...]
        let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? bytes.count
        defer { place = end + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<end])
    }

    /// All that is left; nothing at the end.
    package mutating func rest() -> UnsafeRawBufferPointer {
        defer { place = bytes.count + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[min(place, bytes.count)...])
    }

    /// The next word as a number of digits alone.
    package mutating func number() -> Int? {
        guard let word = word(), (1...18).contains(word.count) else { return nil }
        var number = 0
        for byte in word {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
