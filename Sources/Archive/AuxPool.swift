import FileTree

/// What few files have: link targets, attributes, runs, devices; and owners' names.
struct AuxPool {
    // The first eight bytes are no record: offset 0 stands for none.
    private(set) var bytes = [UInt8](repeating: 0, count: 8)

    /// Adds what a member has; returns its place in eights of bytes, 0 for nothing, nil when full.
    mutating func add(_ member: Member) -> UInt32? {
        let start = bytes.count / 8
        var last: Int?
        if member.type == .symlink { open(.linkTarget, &last) { $0 += member.linkTarget } }
        if !member.attributes.isEmpty {
            open(.attributes, &last) { bytes in
                for attribute in member.attributes {
                    bytes.append(littleEndian: UInt32(attribute.name.count))
                    bytes.append(littleEndian: UInt32(attribute.value.count))
                    bytes += attribute.name
                    bytes += attribute.value
                }
            }
        }
        if let segments = member.segments {
            open(.sparse, &last) { bytes in
                var stored: UInt64 = 0
                for segment in segments {
                    bytes.append(littleEndian: segment.offset)
                    bytes.append(littleEndian: segment.length)
                    bytes.append(littleEndian: stored)
                    stored += segment.length
                }
            }
        }
        if member.type == .characterDevice || member.type == .blockDevice {
            open(.device, &last) { $0.append(littleEndian: member.device) }
        }
        if last == nil { return 0 }
        return bytes.count / 8 < 1 << 32 ? UInt32(start) : nil
    }

    /// Adds an owner's name; returns its place as offset[3] length[1], nil when it does not fit.
    mutating func add(name: [UInt8]) -> UInt32? {
        if name.isEmpty { return 0 }
        guard name.count <= 255, bytes.count < 1 << 24 else { return nil }
        let place = UInt32(bytes.count) | UInt32(name.count) << 24
        bytes += name
        pad()
        return place
    }

    private mutating func open(
        _ kind: IndexLayout.Aux,
        _ last: inout Int?,
        _ body: (inout [UInt8]) -> Void
    ) {
        // The high bit of the kind before says that another follows.
        if let last { bytes[last + 3] |= 0x80 }
        let start = bytes.count
        last = start
        bytes.append(littleEndian: kind.rawValue)
        bytes.append(littleEndian: UInt32(0))
        body(&bytes)
        let length = UInt32(bytes.count - start - 8)
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length.littleEndian, toByteOffset: start + 4, as: UInt32.self)
        }
        pad()
    }

    private mutating func pad() {
        while bytes.count % 8 != 0 { bytes.append(0) }
    }
}
