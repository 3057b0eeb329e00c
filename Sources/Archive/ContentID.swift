/// The identity of bytes: their SHA-256.
///
/// A package's is that of its canonical tar, uncompressed; a file's is that of its contents.
@frozen
public struct ContentID: Hashable, Sendable, Comparable {
    /// The 32 bytes as four words, the first byte lowest in the first word.
    public var words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes there are.
    public static var byteCount: Int { @inlinable get { 32 } }

    /// Makes an identity of 32 zero bytes, which stands for none.
    @inlinable
    public init() { words = (0, 0, 0, 0) }

    /// Makes an identity of its 32 bytes; nil when there are more or fewer.
    @inlinable
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        words = (
            UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)),
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        )
    }

    /// Makes an identity of 64 lower-case hexadecimal digits; nil when they are anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let id = text.utf8.withContiguousStorageIfAvailable {
            Self(digits: UnsafeRawBufferPointer($0))
        }
        guard let id = id ?? Array(text.utf8).withUnsafeBytes({ Self(digits: $0) }) else {
            return nil
        }
        self = id
    }

    /// Makes an identity of 64 lower-case hexadecimal digits; nil when they are anything else.
    public init?(digits: UnsafeRawBufferPointer) {
        guard digits.count == 64 else { return nil }
        func digit(_ place: Int) -> UInt64? {
            switch digits[place] {
            case let byte where byte >= 0x30 && byte <= 0x39: UInt64(byte) - 0x30
            case let byte where byte >= 0x61 && byte <= 0x66: UInt64(byte) - 0x61 + 10
            default: nil
            }
        }
        func word(_ start: Int) -> UInt64? {
            var word: UInt64 = 0
            for byte in 0..<8 {
                let place = start + 2 * byte
                guard let high = digit(place), let low = digit(place + 1) else { return nil }
                word |= (high << 4 | low) << UInt64(8 * byte)
            }
            return word
        }
        guard let first = word(0), let second = word(16), let third = word(32),
            let fourth = word(48)
        else { return nil }
        words = (first, second, third, fourth)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        withUnsafeBytes(
            of: (
                words.0.littleEndian, words.1.littleEndian, words.2.littleEndian,
                words.3.littleEndian
            )
        ) { Array($0) }
    }

    /// Whether it stands for none.
    @inlinable
    public var isZero: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

    /// Whether the bytes are the same.
    @inlinable
    public static func == (a: ContentID, b: ContentID) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
            && a.words.3 == b.words.3
    }

    /// Earlier in the order of bytes.
    @inlinable
    public static func < (a: ContentID, b: ContentID) -> Bool {
        (
            a.words.0.byteSwapped, a.words.1.byteSwapped, a.words.2.byteSwapped,
            a.words.3.byteSwapped
        ) < (
            b.words.0.byteSwapped, b.words.1.byteSwapped, b.words.2.byteSwapped,
            b.words.3.byteSwapped
        )
    }

    /// Feeds the bytes to a hasher.
    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension ContentID: CustomStringConvertible {
    /// The 64 hexadecimal digits.
    public var description: String {
        String(unsafeUninitializedCapacity: 64) { text in
            var place = 0
            forEachDigit { digit in
                text[place] = digit
                place += 1
            }
            return place
        }
    }

    /// Adds the 64 hexadecimal digits.
    public func write(to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            var place = 0
            forEachDigit { digit in
                digits[place] = digit
                place += 1
            }
            text += UnsafeBufferPointer(digits)
        }
    }

    @inline(__always)
    private func forEachDigit(_ body: (UInt8) -> Void) {
        func digit(_ value: UInt64) -> UInt8 {
            UInt8(truncatingIfNeeded: value < 10 ? 0x30 + value : 0x61 - 10 + value)
        }
        for var word in [words.0, words.1, words.2, words.3] {
            for _ in 0..<8 {
                body(digit(word >> 4 & 15))
                body(digit(word & 15))
                word >>= 8
            }
        }
    }
}
