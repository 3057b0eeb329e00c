import FileTree
import Testing

@testable import CaptureTree

@Suite struct RecordTests {
    @Test(arguments: RecordType.allCases)
    func everyRecordIsReadAsItWasWritten(_ type: RecordType) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var source = SeededRecords(seed: seed)
        for _ in 0..<100 {
            let record = source.record(type)
            var writer = RecordWriter()
            try writer.put(record)
            let bytes = writer.bytes
            #expect(bytes.count <= RecordLimits.body, "seed \(seed)")
            #expect(bytes.first == type.rawValue)
            #expect(
                try RecordReader.record(0..<bytes.count, of: bytes, at: 0) == record,
                "seed \(seed)"
            )
        }
    }

    @Test(arguments: RecordType.allCases)
    func aRecordCutShortOrTooLongIsMalformed(_ type: RecordType) throws {
        var source = SeededRecords(seed: UInt64(type.rawValue))
        var writer = RecordWriter()
        try writer.put(source.record(type))
        let bytes = writer.bytes + [0]
        for end in Array(0..<min(400, bytes.count - 1)) + [bytes.count] {
            let error = #expect(throws: FileError.self) {
                _ = try RecordReader.record(0..<end, of: bytes, at: 1000)
            }
            #expect(error?.kind == .malformed)
            #expect(error?.context?.hasPrefix("offset ") == true, "\(String(describing: error))")
        }
    }

    static let time = Timestamp(seconds: 1)
    static let attributes = NewAttributes(permissions: 0o644, uid: 0, gid: 0)

    @Test(
        arguments: [
            (
                Record.removed(from: .root, name: Array(repeating: 97, count: 256), at: time),
                .nameTooLong
            ),
            (.removed(from: .root, name: Array("a/b".utf8), at: time), .illegalName),
            (.removed(from: .root, name: [], at: time), .illegalName),
            (.removed(from: .root, name: Array("..".utf8), at: time), .illegalName),
            (.removed(from: Serial(number: 0), name: [97], at: time), .invalid),
            (.written(.root, at: Timestamp(seconds: 0, nanoseconds: 1_000_000_000)), .invalid),
            (.read(path: Array(repeating: 97, count: 4096)), .nameTooLong),
            (.read(path: [97, 0]), .invalid),
            (.rule(Array(repeating: 97, count: 4097)), .nameTooLong),
            (.cut(.root, size: 1 << 63, at: time), .tooBig),
            (.blocks(.root, first: 0, count: 0), .invalid),
            (.blocks(.root, first: .max, count: 1), .invalid),
            (.attribute(.root, name: [], value: nil, at: time), .illegalName),
            (
                .attribute(.root, name: [97], value: Array(repeating: 0, count: 65537), at: time),
                .range
            ),
            (
                .changed(
                    .root,
                    permissions: 0o10000,
                    uid: nil,
                    gid: nil,
                    accessed: nil,
                    modified: nil,
                    at: time
                ),
                .invalid
            ),
            (
                .made(
                    Serial(number: 2),
                    type: .symlink,
                    in: .root,
                    name: [97],
                    attributes,
                    device: 0,
                    detail: Array(repeating: 97, count: 4096),
                    at: time
                ),
                .nameTooLong
            ),
        ] as [(Record, FileError.Kind)]
    )
    func whatNoReaderTakesIsNotWritten(_ record: Record, _ kind: FileError.Kind) throws {
        var (bytes, sum) = LogFormat.header(id: 1)
        let before = bytes
        var scratch = RecordWriter()
        let error = #expect(throws: FileError.self) {
            sum = try LogFormat.append(record, after: sum, to: &bytes, using: &scratch)
        }
        #expect(error?.kind == kind)
        #expect(bytes == before)
    }

    /// Byte for byte, so that a log of today is read for ever.
    @Test func theBytesOfALogAreFixed() throws {
        let (bytes, _) = try logBytes(
            id: 0x0102_0304_0506_0708,
            [
                .removed(
                    from: Serial(number: 3),
                    name: [0x61, 0xff],
                    at: Timestamp(seconds: -1, nanoseconds: 5)
                ),
                .sealed,
            ]
        )
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let parts = [
            "70616b6c617965720200000000000000", "080706050403020119f3f2ec9fb3cccf",
            "180000005f6d8f67", "0603000000000000000261ffffffffffffffffff05000000",
            "d58f75dc9670985d", "01000000de0df2ab", "0f", "f6e73cd53046b0ce",
        ]
        #expect(hex == parts.joined())
    }
}

@Suite struct LogReaderTests {
    static func records(_ count: Int, seed: UInt64) -> [Record] {
        var source = SeededRecords(seed: seed)
        return (0..<count).map { _ in source.next() }
    }

    @Test func aLogIsReadAsItWasWritten() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let records = Self.records(1000, seed: seed)
        let (bytes, _) = try logBytes(id: 7, records)
        let read = try readLog(bytes)
        #expect(read.records == records, "seed \(seed)")
        #expect(read.outcome == .end)
    }

    @Test func aLogCutAnywhereGivesTheRecordsThatAreWhole() throws {
        let records = Self.records(40, seed: 1)
        let (bytes, ends) = try logBytes(id: 7, records)
        // Long records are looked into at their ends alone.
        let cuts = bytes.indices.filter { cut in
            cut < 2000 || ends.contains { abs($0 - cut) < 40 }
        }
        for cut in cuts {
            let read = try readLog(Array(bytes[..<cut]))
            let whole = ends.count { $0 <= cut }
            #expect(read.records == Array(records[..<whole]), "cut at \(cut)")
            let isBoundary = cut == 32 || ends.contains(cut)
            #expect(read.outcome == (cut < 32 ? .refused : isBoundary ? .end : .torn))
        }
    }

    @Test func aLogWhoseLastBytesNeverReachedTheDiskIsTorn() throws {
        let records = Self.records(20, seed: 2)
        let (bytes, ends) = try logBytes(id: 7, records)
        let start = ends[18]
        for kept in start..<(bytes.count - 1) where kept - start < 300 || bytes.count - kept < 30 {
            let zeros = [UInt8](repeating: 0, count: bytes.count - kept + 5000)
            let read = try readLog(Array(bytes[..<kept]) + zeros)
            #expect(read.records == Array(records[..<19]), "kept \(kept)")
            #expect(read.outcome == .torn)
        }
    }

    @Test func noFlippedBitIsEverReadAsSomethingElse() throws {
        let records = Self.records(30, seed: 3)
        let (bytes, ends) = try logBytes(id: 7, records)
        for position in bytes.indices where position < 3000 || position % 37 == 0 {
            for bit in [UInt8(1), 0x80] {
                var bad = bytes
                bad[position] ^= bit
                let read = try readLog(bad)
                guard position >= 32 else {
                    #expect(read.outcome == .refused, "byte \(position)")
                    continue
                }
                let whole = ends.count { $0 <= position }
                #expect(read.records == Array(records[..<whole]), "byte \(position)")
                // A torn tail would be cut off: nothing acknowledged may be behind it.
                #expect(read.outcome == .damaged || whole == 29, "byte \(position)")
                #expect(read.offset == (whole == 0 ? 32 : ends[whole - 1]))
                #expect(read.fault?.context?.contains("offset ") == true)
            }
        }
    }

    @Test func aRecordMovedWithinALogOrIntoAnotherIsDamage() throws {
        let first = Self.records(3, seed: 4)
        let (bytes, ends) = try logBytes(id: 7, first)
        let (other, _) = try logBytes(id: 8, first)
        let swapped = bytes[..<ends[0]] + bytes[ends[1]...] + bytes[ends[0]..<ends[1]]
        #expect(try readLog(Array(swapped)).records == [first[0]])
        #expect(try readLog(Array(swapped)).outcome == .damaged)
        let moved = other[..<32] + bytes[32...]
        #expect(try readLog(Array(moved)).records == [])
        #expect(try readLog(Array(moved)).outcome == .damaged)
        let repeated = bytes + bytes[ends[1]...]
        #expect(try readLog(Array(repeated)).records == first)
        #expect(try readLog(Array(repeated)).outcome == .damaged)
    }

    @Test(arguments: [
        ("", FileError.Kind.malformed, "offset 0"),
        ("#!/bin/sh\n# a script that is longer than a header", .malformed, "offset 0"),
    ])
    func aForeignFileIsRefused(_ text: String, _ kind: FileError.Kind, _ part: String) throws {
        let read = try readLog(Array(text.utf8))
        #expect(read.outcome == .refused)
        #expect(read.fault?.kind == kind)
        #expect(read.fault?.context?.contains(part) == true)
    }

    @Test(arguments: [1, 3] as [UInt8])
    func anotherVersionIsRefusedByItsNumber(_ version: UInt8) throws {
        var (bytes, _) = LogFormat.header(id: 7)
        bytes[8] = version
        let read = try readLog(bytes)
        #expect(read.fault == FileError(.unsupported, "log: offset 8: version \(version)"))
    }
}
