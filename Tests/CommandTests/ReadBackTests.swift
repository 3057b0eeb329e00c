import Glibc
import Testing
import Watched

/// What a command in a capture leaves closed to its owner is in the package all the same.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct ReadBackTests {
    @Test(arguments: Visitor.all)
    func whatItsOwnerMayNotReadIsInThePackage(who: Visitor) throws {
        let scratch = try Scratch()
        let script = """
            mkdir -p /opt/pak-test/d; cd /opt/pak-test; echo a >f; chmod 0 f; ln f g
            echo b >d/in; chmod 0 d; mkdir -m 0 e; cd /; chmod 0 /opt/pak-test
            """
        let run = try who.pak(
            scratch,
            ["capture", "-q", "-o", scratch("home/x.tar"), "--", "sh", "-ec", script]
        )
        #expect(run.status == 0, "\(run.complaints)")
        let list = try scratch.shell(
            "tar --numeric-owner -tvf home/x.tar opt | awk '{print $1, $6}' | LC_ALL=C sort -k 2"
        )
        #expect(
            list == """
                d--------- opt/pak-test/
                d--------- opt/pak-test/d/
                -rw-r--r-- opt/pak-test/d/in
                d--------- opt/pak-test/e/
                ---------- opt/pak-test/f
                h--------- opt/pak-test/g

                """
        )
    }

    @Test(arguments: Visitor.all)
    func whatAnEarlierRunWroteSurvivesThatItIsClosed(who: Visitor) throws {
        let scratch = try Scratch()
        for script in [
            "mkdir /opt/pak-test; printf 1234567 >/opt/pak-test/f",
            "chmod 0 /opt/pak-test/f; echo z >/opt/pak-test/g",
        ] {
            let run = try who.pak(
                scratch,
                ["capture", "--layer", scratch("home/layer"), "--", "sh", "-ec", script]
            )
            #expect(run.status == 0, "\(run.complaints)")
        }
        let export = ["layer", "export", scratch("home/layer"), "-o", scratch("home/x.tar")]
        let done = try who.pak(scratch, export)
        #expect(done.status == 0, "\(done.complaints)")
        #expect(
            try scratch.shell("tar -xOf home/x.tar opt/pak-test/f opt/pak-test/g") == "1234567z\n"
        )
    }

    @Test func whoIsRootInTheViewClosesAFileOfTheHost() throws {
        for who in Visitor.all where !who.isRoot {
            let scratch = try Scratch()
            let script = "chmod 0 /etc/hostname; mknod -m 0 /opt/null c 1 3"
            let run = try who.pak(
                scratch,
                ["capture", "--fake-root", "-q", "-o", scratch("home/x.tar"), "--", "sh", "-ec"]
                    + [script]
            )
            #expect(run.status == 0, "\(run.complaints)")
            let list = try scratch.shell("tar -tvf home/x.tar etc opt | sed 's/ .* / /'")
            #expect(list == "---------- etc/hostname\nc--------- opt/null\n")
        }
    }
}
