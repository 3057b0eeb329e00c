/// The hash of a line `package ID` for each of some packages: what sets of packages are known by,
/// an environment as well as the table of a view.
public struct PackageLines: ~Copyable {
    private var hash = SHA256()
    private static let word = Array("package ".utf8)
    /// The bytes of a line.
    private static let length = 8 + 64 + 1
    /// How many are hashed at once.
    private static let count = 64

    /// Starts with no package.
    public init() {}

    /// Adds packages, in their order.
    public mutating func add(count: Int, _ id: (Int) -> ContentID) {
        withUnsafeTemporaryAllocation(byteCount: Self.length * Self.count, alignment: 8) { text in
            var end = 0
            for number in 0..<count {
                let line = UnsafeMutableRawBufferPointer(rebasing: text[end..<end + Self.length])
                line.copyBytes(from: Self.word)
                id(number).write(to: UnsafeMutableRawBufferPointer(rebasing: line[8..<72]))
                line[72] = UInt8(ascii: "\n")
                end += Self.length
                guard end == text.count || number == count - 1 else { continue }
                hash.update(UnsafeRawBufferPointer(rebasing: text[..<end]))
                end = 0
            }
        }
    }

    /// The hash of the lines so far.
    public var id: ContentID {
        var copy = SHA256(copying: hash)
        return copy.finish()
    }

    /// The hash of the lines so far and the bytes behind them.
    public func id(with more: [UInt8]) -> ContentID {
        var copy = SHA256(copying: hash)
        more.withUnsafeBytes { copy.update($0) }
        return copy.finish()
    }

    /// The hash of the lines of packages.
    public static func id(of ids: [ContentID]) -> ContentID {
        var lines = PackageLines()
        ids.withUnsafeBufferPointer { ids in lines.add(count: ids.count) { ids[$0] } }
        return lines.id
    }
}
