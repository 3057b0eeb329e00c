public import FileTree

/// One whole message where it lies in a receive buffer.
///
/// `size[4] type[1] tag[2] ...`: the size counts itself. Nothing behind the header has been looked
/// at; whoever makes one keeps the bytes in place while it, or what was decoded from it, is used.
@frozen
public struct Frame {
    /// The message, from its size on.
    public let bytes: UnsafeRawBufferPointer

    @inlinable
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The first message in `buffer`; nil when more bytes have to come first.
    ///
    /// Errors: `.malformed` for a size below 7 or above `limit`: where the next message starts
    /// cannot be known any more.
    @inlinable
    public static func first(
        in buffer: UnsafeRawBufferPointer,
        limit: Int
    ) throws(FileError) -> Frame? {
        guard buffer.count >= 4 else { return nil }
        let size = Int(UInt32(littleEndian: buffer.loadUnaligned(as: UInt32.self)))
        guard size >= Wire.headerSize, size <= limit else { throw badSize(size, limit) }
        guard buffer.count >= size else { return nil }
        return Frame(UnsafeRawBufferPointer(rebasing: buffer[0..<size]))
    }

    @usableFromInline
    static func badSize(_ size: Int, _ limit: Int) -> FileError {
        .malformed("offset 0: size \(size) is not in 7...\(limit)")
    }

    /// The size in bytes.
    @inlinable public var size: Int { bytes.count }
    /// The type's byte, known or not.
    @inlinable public var typeByte: UInt8 { bytes.load(fromByteOffset: 4, as: UInt8.self) }
    /// The type; nil for a number that no dialect has.
    @inlinable public var type: MessageType? { MessageType(rawValue: typeByte) }
    /// The tag.
    @inlinable
    public var tag: UInt16 {
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt16.self))
    }
}
