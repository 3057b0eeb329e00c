import FileTree
import NineP

/// Requests made of the bytes of an input.
struct Program {
    private(set) var requests: [UInt8] = []
    private var input: ArraySlice<UInt8>
    private let dialect: Dialect
    private var tag: UInt16 = 0
    private static let names = ["a", "b", "c", "..", ".", "", "a/b", "x\0"]

    init(_ input: [UInt8], _ dialect: Dialect) {
        self.input = input[...]
        self.dialect = dialect
    }

    /// Asks for a version and attaches fid 0.
    mutating func begin() throws(FileError) {
        try version()
        try attach(0)
    }

    mutating func raw(_ bytes: [UInt8]) { requests += bytes }

    private mutating func version() throws(FileError) {
        try send(Tversion(msize: 8192, version: dialect.version.bytes), tag: Wire.noTag)
    }

    private mutating func attach(_ fid: UInt32) throws(FileError) {
        var request = Tattach()
        request.fid = fid
        request.authFid = Wire.noFid
        request.userNumber = Wire.noUser
        try send(request)
    }

    /// Adds the next request; false at the input's end.
    mutating func step() throws(FileError) -> Bool {
        guard let code = input.popFirst() else { return false }
        let fid = UInt32(next() & 7)
        let other = UInt32(next() & 7)
        let number = next()
        switch code % 22 {
        case 0: try version()
        case 1: try attach(fid)
        case 2...4: try walk(fid, other, number)
        case 5: try send(Tclunk(fid: fid))
        case 6: try send(Tremove(fid: fid))
        case 7: try send(Tread(fid: fid, offset: UInt64(number & 63), count: UInt32(other) * 99))
        case 8: try send(Tflush(oldTag: UInt16(number)))
        case 9: try write(fid, number)
        case 10: try named(number) { name in Tcreate(name, fid, number) }
        case 11:
            if dialect == .linux {
                try send(Tlopen(fid: fid, flags: UInt32(number & 3) | UInt32(other & 1) << 9))
            } else {
                try send(Topen(fid: fid, mode: number))
            }
        case 12: try dialect == .linux ? send(Tgetattr(fid: fid, mask: 1)) : send(Tstat(fid: fid))
        case 13: try wstat(fid, number)
        case 14: try send(Treaddir(fid: fid, offset: UInt64(number), count: UInt32(other) * 99))
        case 15: try named(number) { Tmkdir(fid: fid, name: $0, mode: 0o755, gid: 0) }
        case 16: try named(number) { Tunlinkat(fid: fid, name: $0, flags: UInt32(other & 1) << 9) }
        case 17:
            try named(number) { Trenameat(fid: fid, name: $0, newFid: other, newName: $0) }
        case 18: try named(number) { Txattrwalk(fid: fid, newFid: other, name: $0) }
        case 19:
            try named(number) { Txattrcreate(fid: fid, name: $0, size: UInt64(other), flags: 0) }
        case 20: try named(number) { Trename(fid: fid, directoryFid: other, name: $0) }
        default:
            try send(
                Tlock(
                    fid: fid,
                    type: number & 3,
                    flags: 0,
                    start: UInt64(other),
                    length: 2,
                    process: UInt32(number >> 7),
                    client: .empty
                )
            )
        }
        return true
    }

    private mutating func next() -> UInt8 { input.popFirst() ?? 0 }

    private mutating func walk(_ fid: UInt32, _ new: UInt32, _ number: UInt8) throws(FileError) {
        var packed: [UInt8] = []
        let count = Int(number & 3)
        for _ in 0..<count {
            let name = Array(Self.names[Int(next() & 7)].utf8)
            packed += [UInt8(name.count), 0] + name
        }
        // Kept in place while it is encoded.
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { place.deallocate() }
        place.copyBytes(from: packed)
        let bytes = UnsafeRawBufferPointer(rebasing: place[0..<packed.count])
        try send(Twalk(fid: fid, newFid: new, names: PathNames(bytes: bytes, count: count)))
    }

    private mutating func write(_ fid: UInt32, _ number: UInt8) throws(FileError) {
        try named(number) { Twrite(fid: fid, offset: UInt64(number >> 3), data: $0) }
    }

    private mutating func wstat(_ fid: UInt32, _ number: UInt8) throws(FileError) {
        try named(number) { name in
            var record = StatRecord.untouched
            record.name = name
            if number & 8 != 0 { record.length = UInt64(number >> 4) }
            return Twstat(fid: fid, stat: record)
        }
    }

    /// Sends a message with one of the names in it.
    private mutating func named<M: Message>(
        _ number: UInt8,
        _ make: (UnsafeRawBufferPointer) -> M
    ) throws(FileError) {
        let name = Array(Self.names[Int(number & 7)].utf8)
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { place.deallocate() }
        place.copyBytes(from: name)
        try send(make(UnsafeRawBufferPointer(rebasing: place[0..<name.count])))
    }

    private mutating func send(_ message: some Message, tag: UInt16? = nil) throws(FileError) {
        self.tag = (self.tag + 1) & 0x7fff
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { place.deallocate() }
        var writer = MessageWriter(place, dialect)
        try writer.write(message, tag: tag ?? self.tag)
        requests += place[0..<writer.count]
    }
}

extension Tcreate {
    fileprivate init(_ name: UnsafeRawBufferPointer, _ fid: UInt32, _ number: UInt8) {
        self.init()
        self.fid = fid
        self.name = name
        permissions = number & 0x80 == 0 ? 0o644 : 0o755 | StatMode.directory.rawValue
        mode = number >> 3 & 2
    }
}
