/// Bytes as text: what does not suit is written as `%XX`, so that a line of text can hold any path.
public enum PathText {
    /// The path for people: all that is not printable ASCII, or is `%`, escaped; long ones cut.
    public static func display(_ path: some Collection<UInt8>) -> String {
        let limit = 512
        let shown = path.prefix(limit)
        let text = escape(shown) { $0 < 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: "%") }
        return String(decoding: text, as: UTF8.self) + (path.count > limit ? "..." : "")
    }

    /// The path as manifests write it: bytes up to 0x20, 0x7f and `%` escaped.
    public static func escape(_ path: some Collection<UInt8>) -> [UInt8] {
        escape(path) { $0 <= 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "%") }
    }

    /// The path as manifests write it, as text: where the bytes are no UTF-8, those that are not
    /// ASCII are escaped too, so that the text stands for them.
    package static func text(_ path: some Collection<UInt8>) -> String {
        let escaped = escape(path)
        if let text = String(validating: escaped, as: UTF8.self) { return text }
        return String(decoding: escape(escaped) { $0 >= 0x80 }, as: UTF8.self)
    }

    /// The bytes that escaped text stands for; a `%` that is not followed by two digits is itself.
    public static func unescape(_ text: some Collection<UInt8>) -> [UInt8] {
        let text = Array(text)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            if let byte = text.withUnsafeBytes({ escaped($0, at) }) {
                bytes.append(byte)
                at += 3
            } else {
                bytes.append(text[at])
                at += 1
            }
        }
        return bytes
    }

    /// The bytes that escaped text stands for; nil where a `%` is not followed by two digits.
    package static func strictlyUnescape(_ text: some Collection<UInt8>) -> [UInt8]? {
        let percents = text.count { $0 == UInt8(ascii: "%") }
        let bytes = unescape(text)
        return bytes.count == text.count - 2 * percents ? bytes : nil
    }

    /// The bytes, those escaped that `isOdd` says.
    package static func escape(
        _ bytes: some Collection<UInt8>,
        where isOdd: (UInt8) -> Bool
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            if isOdd(byte) { text += escape(byte) } else { text.append(byte) }
        }
        return text
    }

    /// A byte as `%XX`.
    package static func escape(_ byte: UInt8) -> [UInt8] {
        let digits: StaticString = "0123456789ABCDEF"
        return [
            UInt8(ascii: "%"), digits.utf8Start[Int(byte >> 4)], digits.utf8Start[Int(byte & 15)],
        ]
    }

    /// The byte that stands escaped at `at`; nil where none does.
    package static func escaped(_ text: UnsafeRawBufferPointer, _ at: Int) -> UInt8? {
        guard text[at] == UInt8(ascii: "%"), at + 2 < text.count,
            let high = digit(text[at + 1]), let low = digit(text[at + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
