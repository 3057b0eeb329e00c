import FileTree
import Testing
import UnionTree

@testable import Environments

struct RuleTests {
    @Test(
        arguments: [
            ["allow", "p q"], ["allow", ""], ["allow", "a\nroot b"], ["block", "a b", "/x"],
            ["prefer", "/x", "a b"], ["prefer", "/a", "jq\nroot y"], ["block", "Ä", "/x"],
        ]
    )
    func whatCannotBeAPackagesNameIsInNoRule(words: [String]) {
        let error = #expect(throws: FileError.self) { try EnvironmentRule(words: words) }
        #expect(error?.kind == .invalid)
        #expect(error?.context?.contains("\n") == false)
    }

    /// An accent makes one letter of it and the space or the slash in front.
    @Test(arguments: [
        ["block", "a", "/\u{301}x"], ["prefer", "/\u{301}x", "a"], ["alias", "/a", "/\u{301}b"],
        ["alias", "/\u{301}a", "/b"], ["alias", "/a", "/"], ["alias", "/a", "/b:c"],
    ])
    func aRuleOfAnyPathIsReadBackFromItsLineAndItsOption(words: [String]) throws {
        let rule = try EnvironmentRule(words: words)
        var text = EnvironmentText()
        try text.take(rule: rule.line)
        #expect(text.rules == [rule])
        var (told, meant) = (UnionRules(), UnionRules())
        try told.take(option: try #require(rule.option))
        try rule.add(to: &meant)
        #expect(told == meant)
    }

    /// The text is read again, and hashed: it has to stand for the very bytes.
    @Test(arguments: ["%FF", "d/%FF%FE", "%C3", "ä/%FF", "a%20b", "%25", "%0A", "ä", "e%CC%81"])
    func aPathOfAnyBytesIsReadBackFromItsText(path: String) throws {
        let rule = try EnvironmentRule(words: ["block", "a", "/" + path])
        let words = rule.line.split(separator: " ").map(String.init)
        #expect(try EnvironmentRule(words: words) == rule)
        #expect(!rule.line.unicodeScalars.contains("\u{FFFD}"))
        let other = try EnvironmentRule(words: ["block", "a", "/%FD"])
        #expect(rule.line != other.line)
    }

    @Test func rulesOfBytesThatAreNoTextAreKeptAndTakenAway() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        var text = EnvironmentText()
        let rules = try ["/%FF", "/%FE"].map { try EnvironmentRule(words: ["block", "a", $0]) }
        for rule in rules {
            try text.add(rule)
            _ = try web.commit(
                text,
                roots: [],
                command: rule.line,
                word: "block",
                over: web.state(),
                time: 1000
            )
        }
        let again = try NamedEnvironment("web", in: folder.store())
        var read = try again.current().1.text
        #expect(read == text)
        let wasThere = read.remove(rules[0])
        #expect(wasThere)
        #expect(read.rules == [rules[1]])
    }
}
