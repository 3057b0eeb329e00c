import CaptureTree
import FileTree
import Testing

@Suite struct RulesTests {
    private func action(_ text: String, _ path: String) throws -> Rules.Action {
        try Rules(text: Array(text.utf8)).action(for: Array(path.utf8))
    }

    @Test(arguments: [
        ("/usr/share", "usr/share"), ("/usr/share", "usr/share/doc/x"),
        ("/usr/share/", "usr/share"),
        ("/", "x"), ("/", "usr/bin/ls"), ("//usr//bin", "usr/bin/ls"),
        ("/usr/*/ls", "usr/bin/ls"), ("/usr/**/*.pyc", "usr/lib/python3/a/b.pyc"),
        ("/usr/l*", "usr/lib/deep/down"), ("/usr/[ab]in", "usr/bin"), ("/usr/[!a]in", "usr/bin"),
        ("*.o", "src/a.o"), ("*.o", "a.o"), ("*~", "etc/passwd~"), (".git", "src/.git/config"),
        (".nfs*", "home/.nfs0001"), ("#*#", "a/#b#"), ("*~", "old~/file"), ("?", "a/b/cc"),
        ("/a%20b", "a b"), ("a%2A*", "d/a*c"), ("/%25/x", "%/x"), ("/a%FF", "a\u{ff}b"),
        ("**", "any/thing"), ("core.[0-9]*", "core.12"),
    ])
    func aPatternCovers(pattern: String, path: String) throws {
        // One case needs a byte that no text has.
        let bytes = path.unicodeScalars.contains("\u{ff}") ? [0x61, 0xff] : Array(path.utf8)
        #expect(try Rules(text: Array("drop \(pattern)".utf8)).action(for: bytes) == .drop)
    }

    @Test(arguments: [
        ("/usr/share", "usr/shared"), ("/usr/share", "usr"), ("/usr/share", "x/usr/share"),
        ("/usr/*/ls", "usr/a/b/ls"), ("*.o", "a.oo"), ("*.o", "x.c"), (".git", "a.git"),
        (".git", ".gitignore"), ("a%2A*", "abc"), ("/usr/[ab]in", "usr/cin"), ("?", "aa/bb"),
        ("core.[0-9]*", "core.x"), ("/a%3F", "ab"),
    ])
    func aPatternDoesNotCover(pattern: String, path: String) throws {
        #expect(try action("drop \(pattern)", path) == .keep)
    }

    @Test func theLastRuleThatCoversAPathCounts() throws {
        let text = "drop /usr\nkeep /usr/share\n\n# docs\n drop *.gz\nthrough /usr/share/x.gz\n"
        #expect(try action(text, "usr/bin/a") == .drop)
        #expect(try action(text, "usr/share/a") == .keep)
        #expect(try action(text, "usr/share/a.gz") == .drop)
        #expect(try action(text, "usr/share/x.gz") == .through)
        #expect(try action(text, "etc/a") == .keep)
    }

    @Test(arguments: [
        ("dorp /x", "line 1: dorp: no rule; there are keep, drop, scratch, through, deny"),
        ("keep /a\ndrop", "line 2: drop: needs a pattern"),
        ("keep /a\n\n\ndeny /a b", "line 4: deny: takes one pattern (a space is %20)"),
        ("keep usr/bin", "line 1: keep: usr/bin: a path begins with a slash, a name has none"),
        ("keep /usr/../x", "line 1: keep: /usr/../x: . and .. are no names"),
        ("keep \(String(repeating: "a", count: 9000))", "line 1: keep: a pattern of 9000 bytes"),
    ])
    func aWrongLineIsNamed(text: String, reason: String) {
        #expect(throws: FileError(.invalid, "rules: \(reason)")) {
            try Rules(text: Array(text.utf8))
        }
    }

    @Test func textThatIsRefusedAddsNothing() throws {
        var rules = Rules()
        #expect(throws: FileError.self) { try rules.append(text: Array("keep /a\nx".utf8)) }
        #expect(rules.list.isEmpty)
    }

    @Test(arguments: [
        "tmp", "tmp/x", "var/tmp/y", "dev/null", "proc/1", "sys/x", "run/lock", "env/PATH",
        "usr/a~", ".nfs000123", "home/.fuse_hidden01", "src/.#lock", "src/#auto#", "src/.a.c.swp",
    ])
    func theDefaultsLeaveOut(path: String) {
        #expect(!Rules.defaults.exports(Array(path.utf8)))
    }

    @Test(arguments: ["usr/tmp", "var/lib", "tmpfile", "a.swp", "usr/bin/env", "etc/x#"])
    func theDefaultsKeep(path: String) {
        #expect(Rules.defaults.exports(Array(path.utf8)))
    }

    @Test func rulesAreReadAsTheyAreWritten() throws {
        var rules = Rules.defaults
        rules.append(Rules.Rule(.through, PathPattern(folder: Array("a b/%*[x]".utf8))))
        let again = try Rules(text: rules.text)
        #expect(again == rules)
        #expect(again.action(for: Array("a b/%*[x]/y".utf8)) == .through)
        #expect(again.action(for: Array("a b/%Q[x]/y".utf8)) == .keep)
    }
}
