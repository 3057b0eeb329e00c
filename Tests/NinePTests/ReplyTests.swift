import FileTree
import NineP
import Testing

/// What a server writes at its final place.
@Suite struct ReplyTests {
    static func written(
        _ dialect: Dialect,
        size: Int = 8192,
        _ body: (inout MessageWriter) throws -> Void
    ) rethrows -> [UInt8] {
        var place = [UInt8](repeating: 0xee, count: size)
        let count = try place.withUnsafeMutableBytes { buffer in
            var writer = MessageWriter(buffer, dialect)
            try body(&writer)
            return writer.count
        }
        return Array(place[..<count])
    }

    static func line(_ bytes: [UInt8], _ dialect: Dialect) -> String {
        MessageTextTests.line(bytes, dialect)
    }

    @Test(arguments: FileError.Kind.allCases)
    func anErrorIsATextOfTheTableOrItsNumber(kind: FileError.Kind) throws {
        let plain = try Self.written(.plain) { try $0.error(kind, tag: 3) }
        #expect(plain[4] == 107)
        #expect(Array(plain[9...]) == Array("\(kind.text)".utf8))
        #expect(plain.count <= 9 + 128)
        let unix = try Self.written(.unix) { try $0.error(kind, tag: 3) }
        #expect(Array(unix[9..<unix.count - 4]) == Array("\(kind.text)".utf8))
        #expect(unix[unix.count - 4] == UInt8(kind.number))
        let linux = try Self.written(.linux) { try $0.error(kind, tag: 3) }
        #expect(linux == [11, 0, 0, 0, 7, 3, 0, UInt8(kind.number), 0, 0, 0])
    }

    @Test func whatIsSaidIsForPlainClientsAndCut() throws {
        let said = "nothing: not in environment main"
        let plain = try Self.written(.plain) { try $0.error(.notFound, saying: said, tag: 3) }
        #expect(Array(plain[9...]) == Array("\(said): file does not exist".utf8))
        // Which is there once, also where it was said already.
        let twice = try Self.written(.plain) {
            try $0.error(.notFound, saying: "\u{1b}\(said): file does not exist\n", tag: 3)
        }
        #expect(twice == plain)
        for dialect in [Dialect.unix, .linux] {
            let other = try Self.written(dialect) { try $0.error(.notFound, saying: said, tag: 3) }
            #expect(try other == Self.written(dialect) { try $0.error(.notFound, tag: 3) })
        }
        // 128 bytes at most, and whole letters.
        let long = String(repeating: "\u{20ac}", count: 200)
        let cut = try Self.written(.plain) { try $0.error(.notFound, saying: long, tag: 3) }
        let whole = String(repeating: "\u{20ac}", count: 35) + ": file does not exist"
        #expect(Array(cut[9...]) == Array(whole.utf8))
    }

    @Test func anErrorTakesThePlaceOfWhatWasBegun() throws {
        let bytes = try Self.written(.linux) {
            try $0.write(Rclunk(), tag: 1)
            _ = try $0.beginData(.rread, tag: 2, count: 100)
            try $0.error(.inputOutput, tag: 2)
        }
        #expect(bytes.count == 7 + 11)
        #expect(bytes[7 + 4] == MessageType.rlerror.rawValue)
    }

    @Test func dataIsAsLongAsWhatCame() throws {
        let bytes = try Self.written(.linux) {
            let place = try $0.beginData(.rread, tag: 2, count: 100)
            #expect(place.count == 100)
            place.copyBytes(from: Array("abc".utf8))
            $0.finishData(count: 3)
        }
        #expect(Self.line(bytes, .linux) == "Rread tag 2 count 3 'abc'")
    }

    @Test func aHeaderSaysTheSizeOfWhatFollowsFromElsewhere() throws {
        let bytes = try Self.written(.linux) { try $0.readHeader(tag: 2, count: 0x10203) }
        #expect(bytes == [0x0e, 2, 1, 0, 117, 2, 0, 3, 2, 1, 0])
    }

    @Test func dataLongerThanTheBufferIsRefusedBeforeItIsWritten() throws {
        for count in [8192, 8182, Int.max, -1] {
            let bytes = Self.written(.linux) { writer in
                let error = #expect(throws: FileError.self) {
                    try writer.beginData(.rread, tag: 2, count: count)
                }
                #expect(error?.kind == .range)
                writer.cancel()
            }
            #expect(bytes.isEmpty)
        }
    }

    @Test func whatDoesNotFitIsNotWritten() throws {
        let bytes = try Self.written(.plain, size: 20) { writer in
            try writer.write(Rclunk(), tag: 1)
            let error = #expect(throws: FileError.self) { try writer.error(.notFound, tag: 2) }
            #expect(error?.kind == .range)
            try writer.write(Rflush(), tag: 3)
        }
        #expect(bytes == [7, 0, 0, 0, 121, 1, 0, 7, 0, 0, 0, 109, 3, 0])
    }

    @Test(arguments: [Dialect.plain, .unix])
    func anEntryThatDoesNotFitLeavesTheReplyAsItWas(dialect: Dialect) throws {
        let stat = Stat(qid: Qid(type: .file, version: 1, path: 2), mode: Mode(.regular, 0o644))
        let sample = SampleFields(seed: 1)
        defer { withExtendedLifetime(sample) {} }
        let name = sample.bytes("name".utf8)
        let size = dialect == .plain ? 49 + 4 + 2 : 49 + 4 + 2 + 14
        for count in [0, size - 1, size, 3 * size - 1, 3 * size] {
            let bytes = try Self.written(dialect) { writer in
                _ = try writer.beginData(.rread, tag: 1, count: count)
                var entries = 0
                while writer.append(stat, name: name, owners: OwnerNames()) { entries += 1 }
                #expect(entries == count / size)
                #expect(writer.entriesCount == entries * size)
                writer.finishEntries()
            }
            #expect(bytes.count == 11 + count / size * size)
        }
    }

    @Test func entriesOfALinuxDirectoryComeBackAsTheyWent() throws {
        let sample = SampleFields(seed: 1)
        defer { withExtendedLifetime(sample) {} }
        let names = (0..<50).map { sample.bytes("file\($0)".utf8) }
        let qid = Qid(type: .file, version: 1, path: 2)
        let bytes = try Self.written(.linux) { writer in
            _ = try writer.beginData(.rreaddir, tag: 1, count: 700)
            var next: UInt64 = 1
            for name in names {
                guard writer.append(qid, next: next, type: .symlink, name: name) else { break }
                next += 1
            }
            writer.finishEntries()
        }
        #expect(bytes.count <= 711)
        try bytes.dropFirst(11).withUnsafeBytes { data in
            var reader = EntryReader(data, .linux)
            var count: UInt64 = 0
            while let entry = try reader.nextEntry() {
                #expect(entry.name.elementsEqual(names[Int(count)]))
                count += 1
                #expect(entry.next == count && entry.qid == qid && entry.type == 10)
            }
            #expect(count == 23)
        }
    }

    static let stats: [(dialect: Dialect, type: FileType, device: UInt64, line: String)] = [
        (.plain, .regular, 0, "'7' '8' '' q (0000000000000002 1 ) m 0644"),
        (.plain, .symlink, 0, "'7' '8' '' q (0000000000000002 1 ) m 0644"),
        (.plain, .directory, 0, "'7' '8' '' q (0000000000000002 1 d) m 020000000644"),
        (.unix, .symlink, 0, "'7' '8' '' q (0000000000000002 1 L) m 0202000644"),
        (.unix, .characterDevice, 0x103, "'7' '8' '' q (0000000000000002 1 ) m 042000644"),
        (.unix, .fifo, 0, "'7' '8' '' q (0000000000000002 1 ) m 012000644"),
    ]

    @Test(arguments: stats)
    func attributesAreWhatTheDialectKnowsOfThem(
        dialect: Dialect,
        type: FileType,
        device: UInt64,
        line: String
    ) throws {
        // Set-user-id shows in 9P2000.u alone.
        var stat = Stat(
            qid: Qid(type: type.qidKind, version: 1, path: 2),
            mode: Mode(type, 0o4644)
        )
        (stat.uid, stat.gid, stat.device, stat.size) = (7, 8, device, 9)
        stat.modified = Timestamp(seconds: -5)
        stat.accessed = Timestamp(seconds: 1 << 40)
        let sample = SampleFields(seed: 1)
        defer { withExtendedLifetime(sample) {} }
        let name = sample.bytes("x".utf8)
        let target = sample.bytes("to".utf8)
        let bytes = try Self.written(dialect) {
            try $0.stat(stat, name: name, owners: OwnerNames(), target: target, tag: 1)
        }
        let detail = type == .symlink ? "to" : device != 0 ? "'c 1 3'" : "''"
        let length = type == .directory ? 0 : 9
        var expected = "Rstat tag 1 stat 'x' \(line) at ~0 mt 0 l \(length) t 0 d 0"
        if dialect == .unix {
            expected += " extension \(detail) n_uid 7 n_gid 8 n_muid ~0"
        }
        #expect(Self.line(bytes, dialect) == expected)
    }

    @Test(arguments: [(4096 - 7 - 23, true), (4096 - 7 - 22, false)])
    func aReplyThatIsTooLongForLinuxIsRefused(length: Int, fits: Bool) throws {
        let sample = SampleFields(seed: 1)
        defer { withExtendedLifetime(sample) {} }
        let client = sample.bytes([UInt8](repeating: 65, count: length))
        let reply = Rgetlock(type: 0, start: 0, length: 0, process: 0, client: client)
        let bytes = Self.written(.linux, size: 65536) { writer in
            let error: FileError?
            do throws(FileError) {
                try writer.write(reply, tag: 1)
                error = nil
            } catch let thrown {
                error = thrown
            }
            #expect(error?.kind == (fits ? nil : .range))
        }
        #expect(bytes.count == (fits ? 4096 : 0))
    }

    @Test func aStatThatIsTooLongForLinuxIsRefused() throws {
        let stat = Stat(qid: Qid(type: .file, version: 1, path: 2), mode: Mode(.symlink, 0o777))
        let sample = SampleFields(seed: 1)
        defer { withExtendedLifetime(sample) {} }
        let long = sample.bytes([UInt8](repeating: 65, count: 9000))
        let bytes = Self.written(.unix, size: 65536) { writer in
            #expect(throws: FileError.self) {
                try writer.stat(stat, name: long, owners: OwnerNames(), tag: 1)
            }
        }
        #expect(bytes.isEmpty)
    }
}
