/// The names of a walk as 9P packs them, `count*(len[2] name[len])`, still in the buffer they came
/// in.
///
/// Whoever makes one has checked that the bytes hold that many names, and keeps them in place
/// while it is used.
@frozen
public struct PathNames {
    @usableFromInline var rest: UnsafeRawBufferPointer
    @usableFromInline var left: Int
    /// How many names are left.
    @inlinable public var count: Int { left }

    /// Makes a list of `count` names, packed in `bytes`.
    @inlinable
    public init(bytes: UnsafeRawBufferPointer, count: Int) {
        rest = bytes
        left = count
    }

    /// Takes the next name; nil after the last.
    @inlinable
    public mutating func next() -> UnsafeRawBufferPointer? {
        guard left > 0, rest.count >= 2 else { return nil }
        let length = Int(UInt16(littleEndian: rest.loadUnaligned(as: UInt16.self)))
        guard rest.count - 2 >= length else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: rest[2..<2 + length])
        rest = UnsafeRawBufferPointer(rebasing: rest[(2 + length)...])
        left -= 1
        return name
    }
}

/// The qids that a walk found, at most 16, kept without an allocation.
@frozen
public struct WalkedQids {
    /// The most names one walk may have.
    ///
    /// The corresponding constant is `MAXWELEM`.
    public static var limit: Int { @inlinable get { 16 } }

    @usableFromInline
    var qids: InlineArray<16, Qid> = InlineArray(
        repeating: Qid(type: .file, version: 0, path: 0)
    )
    @usableFromInline var used = 0
    /// How many there are.
    @inlinable public var count: Int { used }

    /// Makes an empty list.
    @inlinable
    public init() {}

    /// Adds one; the caller keeps the limit.
    @inlinable
    public mutating func append(_ qid: Qid) {
        qids[used] = qid
        used += 1
    }

    /// The qid of the step `position`, from 0.
    @inlinable
    public subscript(position: Int) -> Qid { qids[position] }
}
