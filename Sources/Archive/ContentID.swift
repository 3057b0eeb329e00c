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
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let known = high {
                bytes.append(known << 4 | value)
                high = nil
            } else {
                high = value
            }
            if bytes.count > 32 { return nil }
        }
        guard high == nil, let id = bytes.withUnsafeBytes({ Self($0) }) else { return nil }
        self = id
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
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
