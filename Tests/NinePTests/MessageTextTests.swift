import FileTree
import NineP
import Testing

@Suite struct MessageTextTests {
    static func line(_ bytes: [UInt8], _ dialect: Dialect, dataLimit: Int = .max) -> String {
        bytes.withUnsafeBytes { buffer in
            do throws(FileError) {
                guard let frame = try Frame.first(in: buffer, limit: 1 << 20) else { return "" }
                return MessageText.line(frame, dialect, dataLimit: dataLimit)
            } catch {
                return "\(error)"
            }
        }
    }

    @Test(arguments: MessageTests.cases)
    func aPrintedLineIsReadBackAsTheSameMessage(dialect: Dialect, type: MessageType) throws {
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            for seed in 1...40 as ClosedRange<UInt64> {
                let sample = SampleFields(seed: seed &* 0x51ed)
                defer { withExtendedLifetime(sample) {} }
                let bytes = try encoded(sample.fill(M.self, dialect), tag: 500, dialect)
                let line = Self.line(bytes, dialect)
                #expect(try MessageText.message(line, tag: 0, dialect) == bytes, "\(line)")
            }
        }
    }

    static let printed: [(typed: String, line: String)] = [
        ("Tversion 8192 9P2000", "Tversion tag 65535 msize 8192 version '9P2000'"),
        ("Tattach 0 -1 glenda ''", "Tattach tag 7 fid 0 afid ~0 uname glenda aname ''"),
        ("Rattach {0x1f,7,d}", "Rattach tag 7 qid (000000000000001f 7 d)"),
        ("Twalk 0 1 '{' 'a)'", "Twalk tag 7 fid 0 newfid 1 nwname 2 0:'{' 1:'a)'"),
        ("Twalk 0 1 usr 'a b'", "Twalk tag 7 fid 0 newfid 1 nwname 2 0:usr 1:'a b'"),
        (
            "Rwalk {1,2,d} {3,4,f}",
            "Rwalk tag 7 nwqid 2 0:(0000000000000001 2 d) 1:(0000000000000003 4 )"
        ),
        ("Rerror 'file does not exist'", "Rerror tag 7 ename 'file does not exist'"),
        ("Tcreate 1 x 755 1", "Tcreate tag 7 fid 1 name x perm 0755 mode 1"),
        ("Tread 1 0x10 4096", "Tread tag 7 fid 1 offset 16 count 4096"),
        ("Twrite 1 0 'it''s'", "Twrite tag 7 fid 1 offset 0 count 4 'it''s'"),
        (
            "Twstat 3 '' '' '' ~0 ~0 0",
            "Twstat tag 7 fid 3 stat '' '' '' '' q (ffffffffffffffff 4294967295 0xff) m ~0 at ~0 mt ~0 "
                + "l 0 t ~0 d ~0"
        ),
        ("Rclunk", "Rclunk tag 7"),
    ]

    @Test(arguments: printed)
    func whatPeopleTypePrintsAsPlanNinePrintsIt(typed: String, line: String) throws {
        let bytes = try MessageText.message(typed, tag: 7, .plain)
        #expect(Self.line(bytes, .plain) == line)
    }

    @Test(arguments: [
        "", "Twolk 1 2", "Twalk", "Twalk 1", "Tread 1 2", "Tread 1 2 x", "Tread 1 2 3 4",
        "Tattach 0 ~0 'a", "Tattach 0 ~0 '\\xg0' ''", "Rattach {1,2}", "Rattach (1 2 z)",
        "Tread tag 1 fid 0 count 1 offset 2", "Rread tag 1 count 3 'ab'", "Topen 1 256",
        "Rread tag 1 count 900 'ab'...", "Twalk 0 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
    ])
    func aLineThatIsNoMessageIsRefused(line: String) {
        let error = #expect(throws: FileError.self) {
            try MessageText.message(line, tag: 1, .plain)
        }
        #expect(error?.kind == .malformed)
    }

    @Test func dataBeyondTheLimitIsLeftOut() throws {
        let bytes = try MessageText.message("Rread 0123456789", tag: 1, .plain)
        #expect(Self.line(bytes, .plain, dataLimit: 4) == "Rread tag 1 count 10 '0123'...")
    }

    @Test func aMalformedMessageSaysWhere() {
        let bytes: [UInt8] = [9, 0, 0, 0, MessageType.tclunk.rawValue, 3, 0, 1, 2]
        #expect(
            Self.line(bytes, .plain)
                == "Tclunk tag 3 size 9: offset 7: fid goes past the end at 9: corrupted file entry"
        )
        #expect(Self.line([7, 0, 0, 0, 1, 3, 0], .plain) == "unknown type 1 tag 3 size 7")
    }
}
