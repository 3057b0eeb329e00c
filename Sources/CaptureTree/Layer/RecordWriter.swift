import FileTree

/// Puts records into bytes, the lowest byte of a number first.
///
/// What a reader would refuse is refused here, so that nothing is written that cannot be read.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    /// Forgets what was written, and keeps the room.
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Writes a record's type and payload.
    mutating func put(_ record: Record) throws(FileError) {
        switch record {
        case let .made(serial, type, directory, name, attributes, device, detail, time):
            put(type: .made)
            try put(serial)
            put(type.rawValue)
            try put(directory)
            try put(name: name)
            try put(permissions: attributes.permissions)
            put(attributes.uid)
            put(attributes.gid)
            put(device)
            try put(text: detail, upTo: RecordLimits.path, "target")
            try put(time)
        case let .adopted(serial, directory, name, mark):
            put(type: .adopted)
            try put(serial)
            try put(directory)
            // The root has no name and is below nothing.
            if serial == .root { put(UInt8(0)) } else { try put(name: name) }
            try put(mark)
        case let .changed(serial, permissions, uid, gid, accessed, modified, time):
            put(type: .changed)
            try put(serial)
            let present = [
                permissions != nil, uid != nil, gid != nil, accessed != nil, modified != nil,
            ]
            put(present.enumerated().reduce(UInt8(0)) { $0 | ($1.element ? 1 << $1.offset : 0) })
            if let permissions { try put(permissions: permissions) }
            if let uid { put(uid) }
            if let gid { put(gid) }
            if let accessed { try put(accessed) }
            if let modified { try put(modified) }
            try put(time)
        case let .attribute(serial, name, value, time):
            put(type: .attribute)
            try put(serial)
            guard !name.isEmpty else { throw FileError(.illegalName, "attribute's name") }
            try put(text: name, upTo: FileName.limit, "attribute's name")
            put(UInt8(value == nil ? 0 : 1))
            if let value { try put(value: value) }
            try put(time)
        case let .linked(serial, directory, name, time):
            put(type: .linked)
            try put(serial)
            try put(directory)
            try put(name: name)
            try put(time)
        case let .removed(directory, name, time):
            put(type: .removed)
            try put(directory)
            try put(name: name)
            try put(time)
        case let .renamed(directory, name, newDirectory, newName, time):
            put(type: .renamed)
            try put(directory)
            try put(name: name)
            try put(newDirectory)
            try put(name: newName)
            try put(time)
        default:
            try putData(record)
        }
    }

    private mutating func putData(_ record: Record) throws(FileError) {
        switch record {
        case let .ownData(serial, size, time):
            put(type: .ownData)
            try put(serial)
            try put(size: size)
            try put(time)
        case let .blockData(serial, lowerSize, size, time):
            put(type: .blockData)
            try put(serial)
            try put(size: lowerSize)
            try put(size: size)
            try put(time)
        case let .stored(serial, size, changes):
            put(type: .stored)
            try put(serial)
            try put(size: size)
            put(changes)
        case let .blocks(serial, first, count):
            put(type: .blocks)
            try put(serial)
            guard count > 0, !first.addingReportingOverflow(count).overflow else {
                throw FileError(.invalid, "\(count) blocks from \(first)")
            }
            put(first)
            put(count)
        case let .cut(serial, size, time):
            put(type: .cut)
            try put(serial)
            try put(size: size)
            try put(time)
        case let .written(serial, time):
            put(type: .written)
            try put(serial)
            try put(time)
        case let .read(path):
            put(type: .read)
            try put(text: path, upTo: RecordLimits.path, "path")
        case let .rule(line):
            put(type: .rule)
            try put(text: line, upTo: RecordLimits.rule, "rule")
        case .sealed:
            put(type: .sealed)
        case .unsealed:
            put(type: .unsealed)
        case let .reset(next):
            put(type: .reset)
            try put(next, upTo: RecordLimits.nextSerial)
        case .opened:
            put(type: .opened)
        default:
            try putState(record)
        }
    }

    /// Writes one of the records that a log begins with when it is written anew.
    private mutating func putState(_ record: Record) throws(FileError) {
        switch record {
        case let .place(serial, directory, name, mark):
            put(type: .place)
            try put(serial)
            try put(directory)
            try put(name: name)
            try put(mark)
        case let .object(serial, object):
            put(type: .object)
            try put(serial)
            try put(object)
        case let .entry(directory, name, serial, coversLower, isInPlace):
            put(type: .entry)
            try put(directory)
            try put(name: name)
            put(UInt8((serial != nil ? 1 : 0) | (coversLower ? 2 : 0) | (isInPlace ? 4 : 0)))
            if let serial { try put(serial) }
        default:
            preconditionFailure("a record that is put nowhere")
        }
    }

    private mutating func put(_ object: ObjectState) throws(FileError) {
        put(object.type.rawValue)
        put(UInt8(object.isLower ? 1 : 0))
        guard object.links <= RecordLimits.links else {
            throw FileError(.invalid, "\(object.links) links")
        }
        put(object.links)
        put(object.changes)
        let attributes = object.attributes
        let times = [attributes.accessed, attributes.modified, attributes.changed]
        let present =
            [attributes.permissions != nil, attributes.uid != nil, attributes.gid != nil]
            + times.map { $0 != nil } + [attributes.followsData]
        put(present.enumerated().reduce(UInt8(0)) { $0 | ($1.element ? 1 << $1.offset : 0) })
        put(attributes.declared.rawValue)
        if let permissions = attributes.permissions { try put(permissions: permissions) }
        if let uid = attributes.uid { put(uid) }
        if let gid = attributes.gid { put(gid) }
        for time in times { if let time { try put(time) } }
        put(object.device)
        try put(text: object.target, upTo: RecordLimits.path, "target")
        switch object.data {
        case .lower: put(UInt8(0))
        case let .own(size):
            put(UInt8(1))
            try put(size: size)
        case let .blocks(lowerSize, size):
            put(UInt8(2))
            try put(size: lowerSize)
            try put(size: size)
        }
    }

    private mutating func put(type: RecordType) { put(type.rawValue) }

    private mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func put(
        _ serial: Serial,
        upTo limit: UInt64 = RecordLimits.serial
    ) throws(FileError) {
        guard serial.number > 0, serial.number <= limit else {
            throw FileError(.invalid, "serial \(serial.number)")
        }
        put(serial.number)
    }

    private mutating func put(_ time: Timestamp) throws(FileError) {
        guard time.nanoseconds < 1_000_000_000 else {
            throw FileError(.invalid, "\(time.nanoseconds) nanoseconds")
        }
        put(time.seconds)
        put(time.nanoseconds)
    }

    private mutating func put(_ mark: LowerMark) throws(FileError) {
        put(mark.type.rawValue)
        put(mark.qidPath)
        put(mark.qidVersion)
        put(mark.size)
        try put(mark.modified)
        put(mark.links)
    }

    private mutating func put(permissions: UInt32) throws(FileError) {
        guard permissions <= RecordLimits.permissions else {
            throw FileError(.invalid, "permissions \(permissions)")
        }
        put(permissions)
    }

    private mutating func put(size: UInt64) throws(FileError) {
        guard size <= RecordLimits.size else { throw FileError(.tooBig, "\(size) bytes") }
        put(size)
    }

    private mutating func put(name: [UInt8]) throws(FileError) {
        guard name.count <= FileName.limit else { throw FileError(.nameTooLong) }
        guard name.withUnsafeBytes(FileName.isLegal) else { throw FileError(.illegalName) }
        put(UInt8(name.count))
        bytes.append(contentsOf: name)
    }

    private mutating func put(
        text: [UInt8],
        upTo limit: Int,
        _ field: StaticString
    ) throws(FileError) {
        guard text.count <= limit else {
            throw FileError(.nameTooLong, "\(field) of \(text.count) bytes")
        }
        guard !text.contains(0) else { throw FileError(.invalid, "\(field) with a NUL") }
        put(UInt16(text.count))
        bytes.append(contentsOf: text)
    }

    private mutating func put(value: [UInt8]) throws(FileError) {
        guard value.count <= RecordLimits.value else {
            throw FileError(.range, "attribute of \(value.count) bytes")
        }
        put(UInt32(value.count))
        bytes.append(contentsOf: value)
    }
}
