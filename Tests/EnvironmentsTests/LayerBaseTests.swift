import FileTree
import Testing

@testable import Environments

struct LayerBaseTests {
    private var example: LayerBase {
        var base = LayerBase()
        base.environment = "tools"
        base.hash = "0123456789abcdef0123"
        base.base = "/srv/a b"
        base.only = ["a", "b"]
        base.sub = [0x2f, 0xff, 0x20, 0x0a, 0x25]
        base.shows = ["dev"]
        base.options = ["stack", "prefer=usr/x%20y:a"]
        base.packages = [LayerBase.Package(id: "77", name: "a", path: "/p q/a\n.deb")]
        return base
    }

    @Test func whatIsWrittenIsRead() throws {
        #expect(try LayerBase(text: example.text) == example)
        #expect(try LayerBase(text: []) == LayerBase())
        #expect(example.text.split(separator: 10).count == 10)
    }

    @Test(arguments: [
        "environment\n", "hash a b\n", "package a b\n", "what x\n", "environment a\nbase\n",
    ])
    func aLineThatIsNoneIsNamed(text: String) {
        #expect { try LayerBase(text: Array(text.utf8)) } throws: {
            let error = $0 as? FileError
            return error?.kind == .malformed && error?.context?.contains("line") == true
        }
    }

    @Test func onlyWhatIsSeenCounts() {
        var other = example
        other.packages = []
        other.options = []
        #expect(example.isSame(as: other))
        for change in [\LayerBase.hash, \.base] {
            var other = example
            other[keyPath: change] = "other"
            #expect(!example.isSame(as: other))
        }
        other = example
        other.only = ["a"]
        #expect(!example.isSame(as: other))
        other = example
        other.shows = []
        #expect(!example.isSame(as: other))
        other = example
        other.sub = []
        #expect(!example.isSame(as: other))
    }

    @Test func inAFewWordsItIsOneLine() {
        let words = example.summary
        for word in ["tools", "a", "0123456789abcdef", "/srv/a b", "only=b", "dev"] {
            #expect(words.contains(word), "\(words)")
        }
        #expect(LayerBase().summary == "nothing")
    }
}
