import FileTree

/// Takes one record out of the bytes of its type and payload.
///
/// Every load is behind a check against the end, and every value is checked as the writer does. A
/// fault is `.malformed`, with its offset in the log and the field in the context.
struct RecordReader {
    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int
    /// Where in the log the bytes begin.
    private let base: UInt64

    /// The record in a part of `bytes`, which begin at offset `base` of the log.
    static func record(
        _ part: Range<Int>,
        of bytes: [UInt8],
        at base: UInt64
    ) throws(FileError) -> Record {
        var reader = RecordReader(
            bytes: bytes,
            offset: part.lowerBound,
            end: part.upperBound,
            base: base
        )
        let byte: UInt8 = try reader.nextNumber("type")
        guard let type = RecordType(rawValue: byte) else { throw reader.bad("type", "\(byte)") }
        let record = try reader.record(type)
        guard reader.offset == reader.end else {
            throw reader.bad("end", "\(reader.end - reader.offset) bytes left over")
        }
        return record
    }

    private mutating func record(_ type: RecordType) throws(FileError) -> Record {
        switch type {
        case .made:
            let serial = try nextSerial()
            let type = try nextFileType()
            let directory = try nextSerial()
            let name = try nextName()
            let attributes = NewAttributes(
                permissions: try nextPermissions(),
                uid: try nextNumber("uid"),
                gid: try nextNumber("gid")
            )
            let device: UInt64 = try nextNumber("device")
            let target = try nextText(upTo: RecordLimits.path, "target")
            return .made(
                serial,
                type: type,
                in: directory,
                name: name,
                attributes,
                device: device,
                detail: target,
                at: try nextTime()
            )
        case .adopted:
            let serial = try nextSerial()
            let directory = try nextSerial()
            let name = try serial == .root ? noName() : nextName()
            return .adopted(serial, in: directory, name: name, try nextMark())
        case .changed: return try nextChanged()
        case .attribute:
            let serial = try nextSerial()
            let name = try nextText(upTo: FileName.limit, "attribute's name")
            guard !name.isEmpty else { throw bad("attribute's name", "nothing") }
            let value = try nextFlag("attribute's value") ? nextValue() : nil
            return .attribute(serial, name: name, value: value, at: try nextTime())
        case .linked:
            return .linked(
                try nextSerial(),
                in: try nextSerial(),
                name: try nextName(),
                at: try nextTime()
            )
        case .removed:
            return .removed(from: try nextSerial(), name: try nextName(), at: try nextTime())
        case .renamed:
            return .renamed(
                from: try nextSerial(),
                name: try nextName(),
                to: try nextSerial(),
                newName: try nextName(),
                at: try nextTime()
            )
        case .ownData:
            return .ownData(try nextSerial(), size: try nextSize(), at: try nextTime())
        case .blockData:
            return .blockData(
                try nextSerial(),
                lowerSize: try nextSize(),
                size: try nextSize(),
                at: try nextTime()
            )
        case .stored:
            return .stored(
                try nextSerial(),
                size: try nextSize(),
                changes: try nextNumber("changes")
            )
        case .blocks: return try nextBlocks()
        case .cut: return .cut(try nextSerial(), size: try nextSize(), at: try nextTime())
        case .written: return .written(try nextSerial(), at: try nextTime())
        case .read: return .read(path: try nextText(upTo: RecordLimits.path, "path"))
        case .rule: return .rule(try nextText(upTo: RecordLimits.rule, "rule"))
        case .sealed: return .sealed
        case .unsealed: return .unsealed
        case .reset: return .reset(next: try nextSerial(upTo: RecordLimits.nextSerial))
        case .opened: return .opened
        case .place:
            return .place(
                try nextSerial(),
                in: try nextSerial(),
                name: try nextName(),
                try nextMark()
            )
        case .object: return .object(try nextSerial(), try nextObject())
        case .entry: return try nextEntry()
        }
    }

    private mutating func nextEntry() throws(FileError) -> Record {
        let directory = try nextSerial()
        let name = try nextName()
        let flags: UInt8 = try nextNumber("kind of name")
        // A hole hides a lower name, and what is in its place has one.
        guard flags < 8, flags & 5 != 4, flags & 3 != 0, flags & 6 != 4 else {
            throw bad("kind of name", "\(flags)")
        }
        return .entry(
            of: directory,
            name: name,
            flags & 1 != 0 ? try nextSerial() : nil,
            coversLower: flags & 2 != 0,
            isInPlace: flags & 4 != 0
        )
    }

    private mutating func nextObject() throws(FileError) -> ObjectState {
        let type = try nextFileType()
        let isLower = try nextFlag("lower")
        let links = try nextLinks()
        let changes: UInt32 = try nextNumber("changes")
        let attributes = try nextAttributes()
        let device: UInt64 = try nextNumber("device")
        let target = try nextText(upTo: RecordLimits.path, "target")
        let data: ObjectState.DataState
        let kind: UInt8 = try nextNumber("bytes")
        switch kind {
        case 0: data = .lower
        case 1: data = .own(size: try nextSize())
        case 2: data = .blocks(lowerSize: try nextSize(), size: try nextSize())
        default: throw bad("bytes", "\(kind)")
        }
        return ObjectState(
            type: type,
            isLower: isLower,
            links: links,
            changes: changes,
            attributes: attributes,
            device: device,
            target: target,
            data: data
        )
    }

    private mutating func nextAttributes() throws(FileError) -> ObjectAttributes {
        let present: UInt8 = try nextNumber("fields")
        guard present < 128 else { throw bad("fields", "\(present)") }
        let declared: UInt8 = try nextNumber("declared")
        guard declared < 32 else { throw bad("declared", "\(declared)") }
        return ObjectAttributes(
            permissions: present & 1 != 0 ? try nextPermissions() : nil,
            uid: present & 2 != 0 ? try nextNumber("uid") : nil,
            gid: present & 4 != 0 ? try nextNumber("gid") : nil,
            accessed: present & 8 != 0 ? try nextTime() : nil,
            modified: present & 16 != 0 ? try nextTime() : nil,
            changed: present & 32 != 0 ? try nextTime() : nil,
            followsData: present & 64 != 0,
            declared: ObjectAttributes.Declared(rawValue: declared)
        )
    }

    private mutating func nextChanged() throws(FileError) -> Record {
        let serial = try nextSerial()
        let present: UInt8 = try nextNumber("fields")
        guard present < 32 else { throw bad("fields", "\(present)") }
        return .changed(
            serial,
            permissions: present & 1 != 0 ? try nextPermissions() : nil,
            uid: present & 2 != 0 ? try nextNumber("uid") : nil,
            gid: present & 4 != 0 ? try nextNumber("gid") : nil,
            accessed: present & 8 != 0 ? try nextTime() : nil,
            modified: present & 16 != 0 ? try nextTime() : nil,
            at: try nextTime()
        )
    }

    private mutating func nextBlocks() throws(FileError) -> Record {
        let serial = try nextSerial()
        let first: UInt64 = try nextNumber("first block")
        let count: UInt64 = try nextNumber("count of blocks")
        guard count > 0, !first.addingReportingOverflow(count).overflow else {
            throw bad("count of blocks", "\(count) from \(first)")
        }
        return .blocks(serial, first: first, count: count)
    }

    private mutating func nextMark() throws(FileError) -> LowerMark {
        LowerMark(
            type: try nextFileType(),
            qidPath: try nextNumber("qid path"),
            qidVersion: try nextNumber("qid version"),
            size: try nextNumber("size below"),
            modified: try nextTime(),
            links: try nextLinks()
        )
    }

    private mutating func nextLinks() throws(FileError) -> UInt64 {
        let links: UInt64 = try nextNumber("links")
        guard links <= RecordLimits.links else { throw bad("links", "\(links)") }
        return links
    }

    private func bad(_ field: StaticString, _ value: String) -> FileError {
        .malformed("offset \(base + UInt64(offset)): \(field): \(value)")
    }

    private mutating func take(
        _ count: Int,
        _ field: StaticString
    ) throws(FileError) -> Range<Int> {
        guard end - offset >= count else { throw bad(field, "past the record's end") }
        defer { offset += count }
        return offset..<(offset + count)
    }

    private mutating func nextNumber<Value: FixedWidthInteger & BitwiseCopyable>(
        _ field: StaticString
    ) throws(FileError) -> Value {
        bytes.number(at: try take(MemoryLayout<Value>.size, field).lowerBound, as: Value.self)
    }

    private mutating func nextFlag(_ field: StaticString) throws(FileError) -> Bool {
        let byte: UInt8 = try nextNumber(field)
        guard byte < 2 else { throw bad(field, "\(byte)") }
        return byte == 1
    }

    private mutating func nextSerial(
        upTo limit: UInt64 = RecordLimits.serial
    ) throws(FileError) -> Serial {
        let number: UInt64 = try nextNumber("serial")
        guard number > 0, number <= limit else { throw bad("serial", "\(number)") }
        return Serial(number: number)
    }

    private mutating func nextFileType() throws(FileError) -> FileType {
        let number: UInt32 = try nextNumber("file type")
        guard let type = FileType(rawValue: number) else { throw bad("file type", "\(number)") }
        return type
    }

    private mutating func nextPermissions() throws(FileError) -> UInt32 {
        let number: UInt32 = try nextNumber("permissions")
        guard number <= RecordLimits.permissions else { throw bad("permissions", "\(number)") }
        return number
    }

    private mutating func nextTime() throws(FileError) -> Timestamp {
        let seconds: Int64 = try nextNumber("seconds")
        let nanoseconds: UInt32 = try nextNumber("nanoseconds")
        guard nanoseconds < 1_000_000_000 else { throw bad("nanoseconds", "\(nanoseconds)") }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    private mutating func nextSize() throws(FileError) -> UInt64 {
        let size: UInt64 = try nextNumber("size")
        guard size <= RecordLimits.size else { throw bad("size", "\(size)") }
        return size
    }

    private mutating func noName() throws(FileError) -> [UInt8] {
        let count: UInt8 = try nextNumber("name")
        guard count == 0 else { throw bad("name", "the root has one") }
        return []
    }

    private mutating func nextName() throws(FileError) -> [UInt8] {
        let count: UInt8 = try nextNumber("name")
        let name = Array(bytes[try take(Int(count), "name")])
        guard name.withUnsafeBytes(FileName.isLegal) else { throw bad("name", "not a legal one") }
        return name
    }

    private mutating func nextText(
        upTo limit: Int,
        _ field: StaticString
    ) throws(FileError) -> [UInt8] {
        let count: UInt16 = try nextNumber(field)
        guard Int(count) <= limit else { throw bad(field, "\(count) bytes") }
        let text = Array(bytes[try take(Int(count), field)])
        guard !text.contains(0) else { throw bad(field, "a NUL in it") }
        return text
    }

    private mutating func nextValue() throws(FileError) -> [UInt8] {
        let count: UInt32 = try nextNumber("attribute's value")
        guard count <= UInt32(RecordLimits.value) else {
            throw bad("attribute's value", "\(count) bytes")
        }
        return Array(bytes[try take(Int(count), "attribute's value")])
    }
}

extension [UInt8] {
    /// The number, the lowest byte first, whose bytes start at `offset` and are there.
    func number<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type
    ) -> Value {
        withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
    }
}
