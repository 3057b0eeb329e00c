import FileTree
import Testing

struct TextPartsTests {
    @Test func aSeparatorIsOneWhateverStandsBehindIt() {
        // An acute accent, which makes one Character with what it follows.
        let accent = "\u{301}"
        #expect("/a/\(accent)b".parts(at: "/") == ["a", "\(accent)b"])
        #expect("block a \(accent)".parts(at: " ") == ["block", "a", Substring(accent)])
        #expect("\(accent)=1".parts(at: "=") == [Substring(accent), "1"])
    }

    @Test func thePartsAreThoseOfSplit() {
        for text in ["", "/", "a", "/a", "a/", "//a//b//", "a/b/c/d"] {
            for omits in [false, true] {
                for most in [0, 1, 2, Int.max] {
                    #expect(
                        text.parts(at: "/", maxSplits: most, omittingEmptySubsequences: omits)
                            == text.split(
                                separator: "/",
                                maxSplits: most,
                                omittingEmptySubsequences: omits
                            ),
                        "\(text) \(most) \(omits)"
                    )
                }
            }
        }
    }
}
