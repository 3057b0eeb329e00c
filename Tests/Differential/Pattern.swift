/// Bytes that look random, as few words say them.
public struct Pattern: Hashable, Sendable, CustomStringConvertible {
    /// How many.
    public var count: Int
    /// Which.
    public var seed: Int

    /// The pattern of a count and a seed.
    public init(count: Int, seed: Int) {
        self.count = count
        self.seed = seed
    }

    /// The pattern for people.
    public var description: String { "\(count) bytes of \(seed)" }

    // The period is prime: no two blocks of a power of two bytes are equal.
    private static let table: [UInt8] = {
        var random = SeededRandom(seed: 4099)
        return (0..<4099).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
    }()

    /// The bytes.
    public var bytes: [UInt8] {
        // Piece by piece, since a loop over bytes takes too long in a debug build.
        let period = Self.table.count
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            var place = seed * 37 % period
            while done < count {
                let piece = min(period - place, count - done)
                Self.table.withUnsafeBytes { table in
                    UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[done...]
                    )
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: table[place..<place + piece])
                    )
                }
                done += piece
                place = 0
            }
        }
    }
}
