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
        var areDigits = true
        func word(_ start: Int) -> UInt64 {
            let low = Self.value(digits, start, &areDigits)
            return low | Self.value(digits, start + 8, &areDigits) << 32
        }
        words = (word(0), word(16), word(32), word(48))
        guard areDigits else { return nil }
    }

    /// One in every byte of a word.
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// What eight digits stand for, the first byte lowest, found for all eight at once: a list has
    /// a line for each of a thousand packages.
    @inline(__always)
    private static func value(
        _ digits: UnsafeRawBufferPointer,
        _ start: Int,
        _ areDigits: inout Bool
    ) -> UInt64 {
        let text = UInt64(
            littleEndian: digits.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        )
        // Letters have a bit that decimal digits have not.
        let values = (text & (15 &* ones)) &+ (text >> 6 & ones) &* 9
        if values & (0xf0 &* ones) != 0 || Self.digits(values) != text { areDigits = false }
        var pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff
        pairs = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff
        return (pairs | pairs >> 16) & 0xffff_ffff
    }

    /// The digits of eight values below 16, each in its byte.
    @inline(__always)
    private static func digits(_ values: UInt64) -> UInt64 {
        values &+ 0x30 &* ones &+ ((values &+ 6 &* ones) >> 4 & ones) &* 0x27
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
            write(to: UnsafeMutableRawBufferPointer(text))
            return 64
        }
    }

    /// Adds the 64 hexadecimal digits.
    public func write(to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { digits in
            write(to: digits)
            text += digits
        }
    }

    /// Writes the 64 hexadecimal digits where there is room for them.
    package func write(to text: UnsafeMutableRawBufferPointer) {
        func write(_ word: UInt64, _ place: Int) {
            for half in 0..<2 {
                var pairs = word >> UInt64(32 * half) & 0xffff_ffff
                pairs = (pairs | pairs << 16) & 0x0000_ffff_0000_ffff
                pairs = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff
                let low: UInt64 = 0x000f_000f_000f_000f
                let digits = Self.digits(pairs >> 4 & low | (pairs & low) << 8)
                text.storeBytes(
                    of: digits.littleEndian,
                    toByteOffset: place + 8 * half,
                    as: UInt64.self
                )
            }
        }
        write(words.0, 0)
        write(words.1, 16)
        write(words.2, 32)
        write(words.3, 48)
    }
}
