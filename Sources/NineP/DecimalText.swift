import FileTree

/// Writes numbers as text into a small place of the caller's, one behind the other.
///
/// The place holds all of it: 20 bytes a number, 24 a device.
@usableFromInline
struct DecimalText {
    @usableFromInline let place: UnsafeMutableRawBufferPointer
    @usableFromInline var used = 0

    @usableFromInline
    init(_ place: UnsafeMutableRawBufferPointer) { self.place = place }

    @usableFromInline
    mutating func number(_ value: UInt64) -> UnsafeRawBufferPointer {
        let start = used
        var scale: UInt64 = 1
        while value / scale >= 10 { scale *= 10 }
        while scale > 0 {
            put(UInt8(ascii: "0") + UInt8(value / scale % 10))
            scale /= 10
        }
        return text(from: start)
    }

    /// A device as 9P2000.u's extension has it, `c 1 3`; packed as Linux's `makedev` does.
    @usableFromInline
    mutating func device(_ prefix: StaticString, _ device: UInt64) -> UnsafeRawBufferPointer {
        let start = used
        let (major, minor) = DeviceNumber.split(device)
        for byte in prefix.bytes { put(byte) }
        _ = number(UInt64(major))
        put(UInt8(ascii: " "))
        _ = number(UInt64(minor))
        return text(from: start)
    }

    private mutating func put(_ byte: UInt8) {
        place[used] = byte
        used += 1
    }

    private func text(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: place[start..<used])
    }
}
