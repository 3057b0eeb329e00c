import Testing
import Watched

@testable import pak

/// Command lines that are read without the parser, and those that are left to it.
@Suite(.unwatched)
struct PlainWordsTests {
    @Test(
        arguments: [
            ("run -p ./a -- true", .run(packages: ["./a"], command: ["true"])),
            ("run -p ./a true", .run(packages: ["./a"], command: ["true"])),
            (
                "run -p /a/b -p c/d -- ls -l --",
                .run(packages: ["/a/b", "c/d"], command: ["ls", "-l", "--"])
            ),
            ("run -p a.pak.zst -- x", .run(packages: ["a.pak.zst"], command: ["x"])),
            ("run -p ./a -- -x", .run(packages: ["./a"], command: ["-x"])),
            ("run -p ./a -- -- x", .run(packages: ["./a"], command: ["--", "x"])),
            ("run -p ./a sh -p ./b", .run(packages: ["./a"], command: ["sh", "-p", "./b"])),
            ("mount -p ./a m", .mount(packages: ["./a"], directory: "m", foreground: false)),
            ("mount -f -p ./a m", .mount(packages: ["./a"], directory: "m", foreground: true)),
            (
                "mount m -p ./a -p ./b -f",
                .mount(packages: ["./a", "./b"], directory: "m", foreground: true)
            ),
            ("add jq", .add(packages: ["jq"], in: .init())),
            (
                "add -e web jq ./x.deb",
                .add(packages: ["jq", "./x.deb"], in: .init(environment: "web"))
            ),
            (
                "rm jq --env web curl",
                .remove(packages: ["jq", "curl"], in: .init(environment: "web"))
            ),
            ("switch 12", .switch(to: 12, in: .init())),
            ("rollback", .rollback(steps: 1, in: .init())),
            ("rollback -e web", .rollback(steps: 1, in: .init(environment: "web"))),
            (
                "switch --store s 4 --root r",
                .switch(to: 4, in: .init(store: "s", root: "r"))
            ),
            ("rollback 3", .rollback(steps: 3, in: .init())),
        ] as [(String, PlainWords)]
    )
    func theUsualFormIsRead(line: String, words: PlainWords) {
        #expect(PlainWords(line.split(separator: " ").map(String.init)) == words)
    }

    @Test(arguments: [
        "", "run", "mount", "run --help", "run -p", "run -p ./a", "run -p ./a --", "run true",
        "run -- true", "run -p a -- true", "run -p ./a --pure -- true", "run -p=./a -- true",
        "run --package ./a -- true", "run -p./a true", "run -e x -p ./a true", "run -p -- true",
        "run -p -/a true", "shell -p ./a", "taste ./a", "mount m", "mount -p ./a", "mount -p a m",
        "add", "add -e web", "add jq -e", "add --json jq", "add -e a -e b jq", "rm", "add -- jq",
        "switch", "switch x", "switch +1", "switch -1", "switch 1 2", "switch --wait 1 2",
        "rollback 0", "rollback x", "rollback 1 2", "rollback --help", "add --store jq",
        "add --store s --store t jq", "add --root -x jq",
        "switch 99999999999999999999", "add --env=web jq", "mount -p ./a m n", "mount -p ./a -- m",
        "mount -b / -p ./a m", "mount -p ./a -h",
    ])
    func whatHasMoreInItIsTheParsers(line: String) {
        #expect(PlainWords(line.split(separator: " ").map(String.init)) == nil)
    }
}
