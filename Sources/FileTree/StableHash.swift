/// A 64-bit hash that is the same in every run, on every machine, for ever.
///
/// Qids are made with it: they are told to clients, which keep them over a server's restart. Each
/// step multiplies to 128 bits and folds the halves.
@frozen
public struct StableHash: Sendable {
    @usableFromInline var state: UInt64

    /// Starts a hash; another `domain` gives another hash of the same things.
    @inlinable
    public init(domain: UInt64) { state = domain ^ 0x9e37_79b9_7f4a_7c15 }

    /// Adds a number.
    @inlinable
    public mutating func combine(_ value: UInt64) {
        let (high, low) = (state ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(
            by: value ^ 0xe703_7ed1_a0b4_28db
        )
        state = high ^ low ^ state.rotated(by: 23) ^ value
    }

    /// Adds bytes and their count.
    @inlinable
    public mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while bytes.count - offset >= 8 {
            combine(
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            )
            offset += 8
        }
        // What is left, the first byte highest.
        var tail: UInt64 = 0
        if bytes.count - offset >= 4 {
            let part = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            tail = UInt64(UInt32(bigEndian: part))
            offset += 4
        }
        if bytes.count - offset >= 2 {
            let part = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            tail = tail << 16 | UInt64(UInt16(bigEndian: part))
            offset += 2
        }
        if offset < bytes.count { tail = tail << 8 | UInt64(bytes[offset]) }
        combine(tail)
        combine(UInt64(bytes.count))
    }

    /// The hash of what was added.
    @inlinable
    public func finish() -> UInt64 {
        var value = state
        value ^= value >> 32
        value = value &* 0xd6e8_feb8_6659_fd93
        value ^= value >> 32
        value = value &* 0xd6e8_feb8_6659_fd93
        return value ^ value >> 32
    }

    /// The hash as a qid's path, which is never one of the last two numbers.
    @inlinable
    public func qidPath() -> UInt64 {
        let value = finish()
        return value >= .max - 1 ? value ^ 1 << 63 : value
    }

    /// The hash as a qid's version, which is never 0.
    @inlinable
    public func qidVersion() -> UInt32 {
        let value = UInt32(truncatingIfNeeded: finish())
        return value == 0 ? 1 : value
    }
}

extension UInt64 {
    /// The bits moved `count` places to the left, and round.
    @inlinable @inline(__always)
    func rotated(by count: UInt64) -> UInt64 { self << count | self >> (64 - count) }
}
