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
