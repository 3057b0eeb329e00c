/// One header block of a tar, read where it lies.
struct TarBlock {
    private let bytes: UnsafeRawBufferPointer

    /// Which format's fields a header has.
    enum Format {
        case v7, ustar, gnu
    }

    /// `bytes` are 512.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all bytes are zero.
    var isZero: Bool {
        var sum: UInt64 = 0
        for at in stride(from: 0, to: 512, by: 8) {
            sum |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        return sum == 0
    }

    /// Whether the checksum is right; old tars added signed bytes.
    var hasChecksum: Bool {
        guard let stored = TarNumber.parse(field(148, 8)) else { return false }
        var sum = 0
        var negative = 0
        for byte in bytes {
            sum += Int(byte)
            negative += Int(byte >> 7)
        }
        for at in 148..<156 {
            sum += 32 - Int(bytes[at])
            negative -= Int(bytes[at] >> 7)
        }
        return stored == Int64(sum) || stored == Int64(sum - 256 * negative)
    }

    /// By the magic number and the version behind it.
    var format: Format {
        let magic = bytes.loadUnaligned(fromByteOffset: 257, as: UInt64.self)
        if magic.littleEndian == 0x0020_2072_6174_7375 { return .gnu }  // "ustar  \0"
        return magic.littleEndian & 0xff_ffff_ffff == 0x72_6174_7375 ? .ustar : .v7  // "ustar"
    }

    /// The type's letter.
    var type: UInt8 { bytes[156] }

    /// A number; nil when the field has none.
    func number(_ offset: Int, _ length: Int) -> Int64? {
        TarNumber.parse(field(offset, length))
    }

    /// A field's bytes up to its first NUL.
    func string(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        let field = field(offset, length)
        let end = field.firstIndex(of: 0) ?? length
        return UnsafeRawBufferPointer(rebasing: field[..<end])
    }

    /// The name: ustar's two fields, else one.
    func name() -> [UInt8] {
        let name = string(0, 100)
        let prefix = format == .ustar ? string(345, 155) : field(0, 0)
        if prefix.isEmpty { return Array(name) }
        return Array(prefix) + [UInt8(ascii: "/")] + name
    }

    private func field(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }
}
