import Glibc

/// What came of an operation: nothing, or what was seen, or a number of errno.
public struct Outcome: Sendable {
    /// 0 where it went well.
    public var number: Int32 = 0
    /// What was seen, for people.
    public var text = ""
    /// Bytes that were read.
    public var bytes: [UInt8] = []

    /// What came of an operation that says nothing.
    public init(number: Int32 = 0, text: String = "", bytes: [UInt8] = []) {
        self.number = number
        self.text = text
        self.bytes = bytes
    }
}

extension Outcome: Equatable, CustomStringConvertible {
    /// Whether two went the same way.
    public static func == (a: Outcome, b: Outcome) -> Bool {
        a.number == b.number && a.text == b.text && areEqual(a.bytes, b.bytes)
    }

    /// The outcome for people.
    public var description: String {
        if number != 0 { return String(cString: strerror(number)) }
        let bytes = bytes.isEmpty ? "" : " \(bytes.count) bytes"
        return text.isEmpty && bytes.isEmpty ? "done" : text + bytes
    }
}

/// Whether bytes are the same; a debug build's `==` takes long over them.
func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count
        && a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                guard let start = a.baseAddress, let other = b.baseAddress else { return true }
                return memcmp(start, other, a.count) == 0
            }
        }
}

/// Why an operation failed: a number of errno.
struct Failure: Error {
    let number: Int32
}
