/// A path of the host as its bytes, which need not be text.
public struct PathBytes: Hashable, Comparable, Sendable, ExpressibleByStringInterpolation {
    /// The bytes, without a NUL behind them.
    public var bytes: [UInt8]

    /// Makes a path of bytes.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// Makes a path of text.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Makes a path of text.
    public init(stringLiteral text: String) { self.init(text) }

    /// Makes a path of text with paths in it.
    public init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    /// Text with paths in it, each as its bytes.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        /// Begins an empty one.
        public init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity)
        }

        /// Adds text.
        public mutating func appendLiteral(_ text: String) { bytes += text.utf8 }

        /// Adds a path.
        public mutating func appendInterpolation(_ path: PathBytes) { bytes += path.bytes }

        /// Adds text, or a number.
        public mutating func appendInterpolation(_ text: some CustomStringConvertible) {
            bytes += text.description.utf8
        }
    }

    /// Joins two.
    public static func + (first: PathBytes, second: PathBytes) -> PathBytes {
        PathBytes(first.bytes + second.bytes)
    }

    /// In the order of the bytes.
    public static func < (first: PathBytes, second: PathBytes) -> Bool {
        first.bytes.lexicographicallyPrecedes(second.bytes)
    }

    /// Whether there is nothing of it.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Whether it begins with another's bytes.
    public func hasPrefix(_ other: PathBytes) -> Bool { bytes.starts(with: other.bytes) }

    /// Its names, what is between slashes.
    public var names: [PathBytes] {
        bytes.split(separator: UInt8(ascii: "/")).map { PathBytes($0) }
    }

    /// What is left without its first bytes.
    public func dropFirst(_ count: Int = 1) -> PathBytes { PathBytes(bytes.dropFirst(count)) }

    /// What is in front of its last slash; nothing where there is none.
    public var folder: PathBytes {
        PathBytes(bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[..<$0] } ?? [])
    }

    /// Shows it as system calls want it.
    package func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withCString(body)
    }
}

extension PathBytes: CustomStringConvertible {
    /// The text that it is, other bytes replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension [PathBytes] {
    /// All of them as text, for a message.
    package func listed() -> String { map(\.description).joined(separator: " ") }
}
