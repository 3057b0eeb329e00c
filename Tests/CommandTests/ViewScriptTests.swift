import Glibc
import Testing
import Watched

/// The scripts `pakns` and `pakmount` with the real pak, and words that are no text.
@Suite(.unwatched, .enabled(if: Visitor.whyNoScripts == nil, "\(Visitor.whyNoScripts ?? "")"))
struct ViewScriptTests {
    /// Runs a shell script that knows the two, `$pak` and a name of one odd byte, `$n`.
    private func shell(_ who: Visitor, _ text: String) throws -> Program.Outcome {
        let scratch = try Scratch()
        var folder = #filePath.split(separator: "/")
        folder.removeLast(3)
        let scripts = "/\(folder.joined(separator: "/"))/rc"
        try scratch.shell(
            """
            mkdir -p a/usr/share/pt home/at; echo hello >a/usr/share/pt/f
            tar -C a --owner 0 --group 0 -cf home/a.tar usr
            cp '\(scripts)/pakns' '\(scripts)/pakmount' home
            """
        )
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own {
            try scratch.shell("find home -not -user 65534 -exec chown -h 65534:65534 {} +")
        }
        let script = """
            pak='\(Program.pak.path)'; export pak; cd '\(scratch("home"))'; n=$(printf 'a\\377')
            pakns() { \(Visitor.plan9Shell) ./pakns "$@"; }
            pakmount() { \(Visitor.plan9Shell) ./pakmount "$@"; }
            \(text)
            """
        return try program.run(words + ["-c", script])
    }

    @Test(arguments: Visitor.all)
    func aCommandAndAShellSeeThePackages(who: Visitor) throws {
        let run = try shell(
            who,
            """
            pakns a.tar -- sh -c 'cat /usr/share/pt/f; printf %s "$1"; exit 7' sh "$n" | od -An -c
            pakns a.tar -- sh -c 'exit 7'; echo $?
            ln -s /bin/sh "s$n"; echo 'cat /usr/share/pt/f; exit 3' | SHELL=$PWD/s$n pakns a.tar
            echo $?; pakns none.tar -- true; echo $?
            """
        )
        #expect(run.output == "   h   e   l   l   o  \\n   a 377\n7\nhello\n3\n125\n")
        #expect(run.complaints.contains("no file\ntry: "), "\(run.complaints)")
    }

    @Test(arguments: Visitor.withFUSE)
    func aMountStaysUntilItIsTakenAway(who: Visitor) throws {
        let run = try shell(
            who,
            """
            pakmount a.tar at && cat at/usr/share/pt/f && pakmount -u at; ls at
            pakmount a.tar none; echo $?
            """
        )
        #expect(run.output == "hello\n1\n")
        #expect(run.complaints.contains("try: mkdir 'none'"), "\(run.complaints)")
    }

    @Test(arguments: Visitor.all)
    func aLayersCommandHasItsWordsByteForByte(who: Visitor) throws {
        let run = try shell(
            who,
            """
            "$pak" layer init l -b / && "$pak" layer run l -- printf %s "$n" | od -An -c
            """
        )
        #expect(run.output == "   a 377\n", "\(run.complaints)")
    }
}

extension Visitor {
    fileprivate static let plan9Shell = "/usr/lib/plan9/bin/rc"

    /// Why there are no tests of scripts for views; nil when there are.
    fileprivate static let whyNoScripts =
        access(plan9Shell, X_OK) == 0 ? whyNone : "9base's rc is not installed"
}
