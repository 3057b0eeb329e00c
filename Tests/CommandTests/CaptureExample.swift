import FileTree
import Testing

/// A package and a base, and the words that serve a capture of them at a socket.
struct CaptureExample {
    let scratch: Scratch
    var address: String { "unix!\(scratch("socket"))" }
    var words: [String] {
        [
            "-l", address, "-b", scratch("base"), "-c", scratch("layers"), scratch("p.tar"),
        ]
    }

    init() throws {
        scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p p/usr/bin p/usr/lib/old/deep base/etc base/tmp
            echo tool >p/usr/bin/tool; echo gone >p/usr/bin/gone; echo deep >p/usr/lib/old/deep/x
            tar -C p --owner 0 --group 0 -cf p.tar .; rm -r p
            echo one >base/etc/one; echo two >base/etc/two
            """
        )
    }

    func serve(_ more: String...) throws -> Served {
        try Served(scratch, words + more)
    }

    func editor(_ aname: String = "") throws -> Editor { try Editor(address, aname) }

    /// `pak layer` with this server.
    func layer(_ verb: String, _ more: String..., name: String = "default") throws -> String {
        let outcome = try Program.pak.run(["layer", verb, "-a", address, name] + more)
        #expect(outcome.status == 0, "\(outcome.complaints)")
        return outcome.output
    }

    /// Does one of each kind of change.
    static func build(_ editor: Editor) throws {
        try editor.write("usr/bin/new", "new\n")
        try editor.write("usr/bin/tool", "changed\n")
        try editor.remove("usr/bin/gone")
        try editor.rename("usr/lib/old", "usr/lib/moved")
        try editor.change("etc/one") { $0.permissions = 0o600 }
        try editor.addName("etc/three", for: "etc/two")
        try editor.link("usr/bin/link", to: "tool")
        try editor.makeDirectory("opt")
        try editor.write("opt/a b%", "odd\n")
        // What leaves nothing: made and removed, written as it was, and what rules leave out.
        try editor.write("opt/gone", "x")
        try editor.remove("opt/gone")
        try editor.write("tmp/junk", "junk")
    }

    /// What that is as a list.
    static let changes = """
        m etc/one
        L etc/two -> etc/three
        A opt
        A opt/a%20b%25
        D usr/bin/gone
        A usr/bin/link
        A usr/bin/new
        M usr/bin/tool
        R usr/lib/old -> usr/lib/moved

        """
}

/// What pak prints, which has to succeed.
func pak(_ arguments: String...) throws -> String {
    let outcome = try Program.pak.run(arguments)
    #expect(outcome.status == 0, "\(arguments): \(outcome.complaints)")
    return outcome.output
}
