import FileTree
import NineP

/// Fills the fields of a message with values that differ from field to field.
///
/// The bytes behind strings live as long as the one who made it.
final class SampleFields {
    private var places: [UnsafeMutableRawBufferPointer] = []
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    deinit { for place in places { place.deallocate() } }

    func number() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    func bytes(_ content: some Collection<UInt8>) -> UnsafeRawBufferPointer {
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
        place.copyBytes(from: content)
        places.append(place)
        return UnsafeRawBufferPointer(place)
    }

    func word() -> UnsafeRawBufferPointer {
        bytes((0..<Int(number() % 12)).map { _ in UInt8(truncatingIfNeeded: number()) })
    }

    func fill<M: Message>(_: M.Type, _ dialect: Dialect) throws(FileError) -> M {
        var message = M()
        var visitor = Visitor(dialect: dialect, sample: self)
        try message.visit(&visitor)
        return message
    }

    private struct Visitor: FieldVisitor {
        let dialect: Dialect
        let sample: SampleFields

        func byte(_ value: inout UInt8, _ field: StaticString) {
            value = UInt8(truncatingIfNeeded: sample.number())
        }
        func short(_ value: inout UInt16, _ field: StaticString) {
            value = UInt16(truncatingIfNeeded: sample.number())
        }
        func word(_ value: inout UInt32, _ field: StaticString) {
            value = UInt32(truncatingIfNeeded: sample.number())
        }
        func long(_ value: inout UInt64, _ field: StaticString) { value = sample.number() }
        func qid(_ value: inout Qid, _ field: StaticString) {
            byte(&value.rawType, field)
            word(&value.version, field)
            long(&value.path, field)
        }
        func string(_ value: inout UnsafeRawBufferPointer, _ field: StaticString) {
            value = sample.word()
        }
        func data(_ value: inout UnsafeRawBufferPointer, _ field: StaticString) {
            value = sample.word()
        }
        func names(_ value: inout PathNames, _ field: StaticString) {
            let count = Int(sample.number() % 17)
            var packed: [UInt8] = []
            for _ in 0..<count {
                let name = sample.word()
                packed += [UInt8(name.count), 0] + name
            }
            value = PathNames(bytes: sample.bytes(packed), count: count)
        }
        func qids(_ value: inout WalkedQids, _ field: StaticString) {
            value = WalkedQids()
            for _ in 0..<sample.number() % 17 {
                var one = Qid(type: .file, version: 0, path: 0)
                qid(&one, field)
                value.append(one)
            }
        }
        mutating func record(
            _ value: inout StatRecord,
            _ field: StaticString
        ) throws(FileError) {
            try value.visit(&self)
        }
    }
}

extension Qid {
    fileprivate var rawType: UInt8 {
        get { type.rawValue }
        set { type = Kind(rawValue: newValue) }
    }
}

/// The bytes of a message.
func encoded(
    _ message: some Message,
    tag: UInt16,
    _ dialect: Dialect
) throws(FileError) -> [UInt8] {
    var place: [UInt8] = Array(repeating: 0, count: 8192)
    var failure: FileError?
    let count = place.withUnsafeMutableBytes { buffer in
        var writer = MessageWriter(buffer, dialect)
        do throws(FileError) { try writer.write(message, tag: tag) } catch { failure = error }
        return writer.count
    }
    if let failure { throw failure }
    return Array(place[..<count])
}

/// The message in `bytes`, encoded anew.
func reencoded<M: Message>(
    _: M.Type,
    _ bytes: [UInt8],
    _ dialect: Dialect
) throws(FileError) -> [UInt8] {
    var result: Result<[UInt8], FileError> = .success([])
    bytes.withUnsafeBytes { buffer in
        do throws(FileError) {
            guard let frame = try Frame.first(in: buffer, limit: 1 << 20) else {
                throw .malformed("no whole message")
            }
            let message = try M(frame, dialect)
            result = .success(try encoded(message, tag: frame.tag, dialect))
        } catch {
            result = .failure(error)
        }
    }
    return try result.get()
}
