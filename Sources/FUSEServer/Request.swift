import FileTree
import Glibc

/// One request in the buffer that it was read into.
struct Request {
    /// The bytes that every request begins with.
    ///
    /// `len[4] opcode[4] unique[8] nodeid[8] uid[4] gid[4] pid[4] extlen[2] pad[2]`
    static var headerSize: Int { 40 }

    let opcode: UInt32
    /// The number under which it is answered, never used twice.
    let unique: UInt64
    /// The file that it is about.
    let node: UInt64
    /// Who asks, as the mount's user namespace numbers users.
    let uid: UInt32
    let gid: UInt32
    /// What belongs to the opcode.
    let body: UnsafeRawBufferPointer

    /// Reads a header; nil when there is not even the number to answer under.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerSize,
            bytes.loadUnaligned(as: UInt32.self) == UInt32(truncatingIfNeeded: bytes.count)
        else { return nil }
        opcode = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        unique = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        node = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        uid = bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
        gid = bytes.loadUnaligned(fromByteOffset: 28, as: UInt32.self)
        // Extensions, counted in eights, come last; none has been agreed on.
        let extensions = Int(bytes.loadUnaligned(fromByteOffset: 36, as: UInt16.self)) * 8
        let end = max(Self.headerSize, bytes.count - extensions)
        body = UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize..<end])
    }

    /// A field of the opcode's fixed part.
    @inline(__always)
    func u32(_ offset: Int) -> UInt32 {
        body.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    /// A field of the opcode's fixed part.
    @inline(__always)
    func u64(_ offset: Int) -> UInt64 {
        body.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// The bytes from an offset up to a NUL.
    ///
    /// Errors: `.malformed` when there is none.
    func text(at offset: Int) throws(FileError) -> UnsafeRawBufferPointer {
        guard offset < body.count, let start = body.baseAddress.map({ $0 + offset }),
            let end = memchr(start, 0, body.count - offset)
        else { throw FileError.malformed("request \(unique): no NUL behind a name at \(offset)") }
        return UnsafeRawBufferPointer(start: start, count: UnsafeRawPointer(end) - start)
    }

    /// The name of a file at an offset.
    ///
    /// Errors: `.illegalName`, `.nameTooLong`.
    func name(at offset: Int) throws(FileError) -> UnsafeRawBufferPointer {
        let name = try text(at: offset)
        try FileName.check(name)
        return name
    }
}
