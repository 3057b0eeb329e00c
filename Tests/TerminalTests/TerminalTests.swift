import FileTree
import Glibc
import Synchronization
import Testing

@testable import Terminal

struct TerminalTests {
    @Test(arguments: [
        ("plain ä", "plain ä"), ("a\nb", "a%0Ab"), ("\u{1b}[31m", "%1B[31m"),
        ("\u{9b}x", "%C2%9Bx"),
    ])
    func whatATerminalWouldTakeForACommandIsShownAsText(text: String, shown: String) {
        #expect(Visible.text(text) == shown)
    }

    @Test func aComplaintOfAnErrorKnowsItsKind() {
        let error = FileError(.noSpace, "write")
        #expect(Complaint("store s", error).kind == .noSpace)
        #expect(Complaint(error, try: "gc").kind == .noSpace)
        #expect(Complaint(error).text == "\(error)" && Complaint("text").kind == nil)
    }

    @Test func anErrorThatNamesTheFileIsNotGivenItsNameAgain() {
        let error = FileError(.malformed, "a.deb: member ../x")
        #expect(Complaint("a.deb", error).text == "a.deb: member ../x: corrupted file entry")
        #expect(Complaint("b.deb", FileError(.notFound)).text == "b.deb: file does not exist")
    }

    @Test func jsonQuotesWhatItMust() {
        let value = JSON.object([
            ("name", .text("a\"\\\n\u{1}")), ("n", .list([.number(-1), .truth(true), .null])),
        ])
        #expect(value.line == #"{"name":"a\"\\\n\u0001","n":[-1,true,null]}"#)
    }

    @Test func aNameThatIsNotUTF8IsGivenInHexadecimal() {
        let (key, value) = JSON.name([0x61, 0xff])
        #expect(key == "hex")
        #expect(value.line == "\"61ff\"")
    }

    @Test func aProgramIsToldTenTimesASecondAtMostAndOfTheEnd() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let time = Mutex<UInt64>(1 << 40)
        let meter = ProgressMeter(lines: Stream(descriptor: ends[1]), bar: nil) {
            time.withLock { $0 }
        }
        meter.show(1, of: 9, "a")
        meter.show(2, of: 9, "a")
        time.withLock { $0 += 100_000_000 }
        meter.show(3, of: 9, "a")
        meter.show(9, of: 9, "a")
        close(ends[1])
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(ends[0], &buffer, buffer.count)
        close(ends[0])
        #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "1 9 a\n3 9 a\n9 9 a\n")
    }

    @Test(
        arguments: [
            (0, 100, "[--------------------] 0% x"), (50, 100, "[##########----------] 50% x"),
            (200, 100, "[####################] 100% x"), (3 << 20, 0, "3 MiB x"),
        ] as [(UInt64, UInt64, String)]
    )
    func theBarIsAsLongAsTheWorkIsFar(got: UInt64, total: UInt64, line: String) {
        #expect(ProgressMeter.line(got, of: total, "x") == line)
    }
}
