import FileTree

@testable import CaptureTree

/// Numbers that look random and are the same for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var hash = StableHash(domain: state)
        hash.combine(state)
        return hash.finish()
    }
}

/// Records of every kind, with short, empty and longest fields.
struct SeededRecords {
    var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    mutating func next() -> Record { record(RecordType.allCases.randomElement(using: &numbers)) }

    mutating func record(_ type: RecordType?) -> Record {
        switch type {
        case nil, .made:
            .made(
                serial(),
                type: FileType.allCases.randomElement(using: &numbers) ?? .regular,
                in: serial(),
                name: bytes(1...255),
                NewAttributes(permissions: permissions(), uid: word(), gid: word()),
                device: long(),
                detail: bytes(0...4095),
                at: time()
            )
        case .adopted: adopted()
        case .changed:
            .changed(
                serial(),
                permissions: flip() ? permissions() : nil,
                uid: flip() ? word() : nil,
                gid: flip() ? word() : nil,
                accessed: flip() ? time() : nil,
                modified: flip() ? time() : nil,
                at: time()
            )
        case .attribute:
            .attribute(
                serial(),
                name: bytes(1...255),
                value: flip() ? bytes(0...65536) : nil,
                at: time()
            )
        case .linked: .linked(serial(), in: serial(), name: bytes(1...255), at: time())
        case .removed: .removed(from: serial(), name: bytes(1...255), at: time())
        case .renamed:
            .renamed(
                from: serial(),
                name: bytes(1...255),
                to: serial(),
                newName: bytes(1...255),
                at: time()
            )
        case .ownData: .ownData(serial(), size: long() >> 1, at: time())
        case .blockData:
            .blockData(serial(), lowerSize: long() >> 1, size: long() >> 1, at: time())
        case .blocks: .blocks(serial(), first: long() >> 1, count: max(1, long() >> 1))
        case .cut: .cut(serial(), size: long() >> 1, at: time())
        case .written: .written(serial(), at: time())
        case .read: .read(path: bytes(0...4095))
        case .rule: .rule(bytes(0...4096))
        case .sealed: .sealed
        case .unsealed: .unsealed
        case .reset: .reset(next: serial())
        case .stored: .stored(serial(), size: long() >> 1, changes: word())
        case .opened: .opened
        case .place: .place(serial(), in: serial(), name: bytes(1...255), mark())
        case .object: object()
        case .entry: entry()
        }
    }

    private mutating func adopted() -> Record {
        let serial = serial()
        let name = serial == .root ? [] : bytes(1...255)
        let directory = serial == .root ? .root : self.serial()
        return .adopted(serial, in: directory, name: name, mark())
    }

    private mutating func entry() -> Record {
        let isHole = flip()
        let isInPlace = !isHole && flip()
        return .entry(
            of: serial(),
            name: bytes(1...255),
            isHole ? nil : serial(),
            coversLower: isHole || isInPlace || flip(),
            isInPlace: isInPlace
        )
    }

    private mutating func object() -> Record {
        let data: ObjectState.DataState =
            switch numbers.next() % 3 {
            case 0: .lower
            case 1: .own(size: long() >> 1)
            default: .blocks(lowerSize: long() >> 1, size: long() >> 1)
            }
        let attributes = ObjectAttributes(
            permissions: flip() ? permissions() : nil,
            uid: flip() ? word() : nil,
            gid: flip() ? word() : nil,
            accessed: flip() ? time() : nil,
            modified: flip() ? time() : nil,
            changed: flip() ? time() : nil,
            followsData: flip(),
            declared: .init(rawValue: UInt8(numbers.next() % 32))
        )
        let state = ObjectState(
            type: FileType.allCases.randomElement(using: &numbers) ?? .regular,
            isLower: flip(),
            links: UInt64(word()),
            changes: word(),
            attributes: attributes,
            device: long(),
            target: bytes(0...4095),
            data: data
        )
        return .object(serial(), state)
    }

    private mutating func mark() -> LowerMark {
        LowerMark(
            type: FileType.allCases.randomElement(using: &numbers) ?? .regular,
            qidPath: long(),
            qidVersion: word(),
            size: long(),
            modified: time(),
            links: long() >> 32
        )
    }

    private mutating func flip() -> Bool { Bool.random(using: &numbers) }
    private mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: long()) }
    private mutating func long() -> UInt64 { numbers.next() >> (numbers.next() % 64) }
    private mutating func serial() -> Serial { Serial(number: max(1, long() >> 1)) }
    private mutating func permissions() -> UInt32 { word() & 0o7777 }

    private mutating func time() -> Timestamp {
        Timestamp(
            seconds: Int64(truncatingIfNeeded: numbers.next()),
            nanoseconds: UInt32(numbers.next() % 1_000_000_000)
        )
    }

    /// Bytes that are legal in a name: mostly few, now and then as many as there may be.
    private mutating func bytes(_ counts: ClosedRange<Int>) -> [UInt8] {
        let few = min(counts.upperBound, max(counts.lowerBound, Int(numbers.next() % 16)))
        let count = numbers.next() % 16 == 0 ? counts.upperBound : few
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next() % 207 + 48) }
    }
}

/// The bytes of a log of some records, and where in them each record ends.
func logBytes(
    id: UInt64,
    _ records: some Sequence<Record>
) throws(FileError) -> (bytes: [UInt8], ends: [Int]) {
    var (bytes, sum) = LogFormat.header(id: id)
    var ends: [Int] = []
    var scratch = RecordWriter()
    for record in records {
        sum = try LogFormat.append(record, after: sum, to: &bytes, using: &scratch)
        ends.append(bytes.count)
    }
    return (bytes, ends)
}

/// How the reading of a log came out.
enum LogOutcome: Equatable {
    case end
    case torn
    case damaged
    case refused
}

/// Reads a log's bytes as far as they go.
func readLog(
    _ bytes: [UInt8]
) throws(FileError) -> (records: [Record], outcome: LogOutcome, offset: Int, fault: FileError?) {
    var reader: LogReader
    do throws(FileError) {
        reader = try LogReader(size: UInt64(bytes.count)) { (offset, count) throws(FileError) in
            Array(bytes[min(bytes.count, Int(offset))...].prefix(count))
        }
    } catch { return ([], .refused, 0, error) }
    var records: [Record] = []
    while true {
        switch try reader.next() {
        case let .record(record): records.append(record)
        case .end: return (records, .end, Int(reader.offset), nil)
        case let .torn(fault): return (records, .torn, Int(reader.offset), fault)
        case let .damaged(fault): return (records, .damaged, Int(reader.offset), fault)
        }
    }
}
