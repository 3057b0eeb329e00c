import Glibc
import Testing
import Watched

/// What a capture by overlay leaves in a layer when it cannot be written: all of it or nothing.
@Suite(.unwatched, .enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct OverlayLossTests {
    /// What a layer has changed, and what is in one of its files.
    private func state(_ scratch: Scratch, _ layer: String) throws -> String {
        let changes = try Program.pak.run("layer", "changes", layer)
        #expect(changes.status == 0, "\(changes.complaints)")
        let check = try Program.pak.run("layer", "check", layer)
        #expect(check.status == 0, "\(check.complaints)")
        let tar = scratch("state.tar")
        let export = try Program.pak.run("layer", "export", layer, "-q", "-o", tar)
        #expect(export.status == 0, "\(export.complaints)")
        return changes.output + (try scratch.shell("tar -xOf state.tar opt/t/old; rm state.tar"))
    }

    private func capture(_ scratch: Scratch, _ layer: String) -> [String] {
        ["capture", "--via", "overlay", "--layer", layer, "--", "sh", "-ec"]
    }

    @Test(.mounting)
    func whatALayerHasNoRoomForIsALayerElsewhere() throws {
        let scratch = try Scratch()
        try scratch.makeDirectory("small")
        try scratch.makeDirectory("home")
        let layer = scratch("small/layer")
        // All in one namespace, which has the small disk; from where /tmp is the command's own.
        let script = """
            mount -t tmpfs -o size=2m,nr_inodes=64 none "$1/small"; cd /
            pak() { "$PAK" capture --via overlay --layer "$1/small/layer" -- sh -ec "$2"; }
            state() { "$PAK" layer changes "$1/small/layer"; ls "$1/small/layer"
                cd "$1/small/layer/data"; sha256sum *; cd /; }
            pak "$1" 'mkdir /opt/t; echo old >/opt/t/old; echo gone >/opt/t/gone' >&2
            state "$1" >"$1/home/before"
            pak "$1" 'cd /opt/t; echo new >old; rm gone; head -c 4000000 /dev/zero | tr "\\0" x >big' ||
                echo "status $?"
            state "$1" >"$1/home/after"
            cmp "$1/home/before" "$1/home/after"
            ls "$1/home" | grep '^pak-kept'
            "$PAK" layer export "$1"/home/pak-kept.*/layer -o "$1/home/x.tar" >&2
            """
        var env = Program(path: "/usr/bin/env")
        env.environment = Program.pak.environment
        env.environment["HOME"] = "/nonexistent"
        env.environment["TMPDIR"] = scratch("home")
        env.environment["XDG_CACHE_HOME"] = scratch("home/cache")
        env.environment["PAK"] = Program.pak.path
        let run = try env.run(["unshare", "-m", "sh", "-ec", script, "sh", scratch.path])
        #expect(run.status == 0, "\(run.complaints)")
        #expect(run.output.hasPrefix("status 125\npak-kept."), "\(run.output)")
        let told = "pak: \(layer): "
        #expect(run.complaints.contains(told), "\(run.complaints)")
        #expect(run.complaints.contains("file system is full: what was changed is the layer "))
        #expect(run.complaints.contains("try: pak layer export '\(scratch("home"))/pak-kept."))
        let list = try scratch.shell("tar -tf home/x.tar opt; tar -xOf home/x.tar opt/t/old")
        #expect(list == "opt/t/\nopt/t/big\nopt/t/old\nnew\n")
    }

    @Test(arguments: Visitor.all)
    func whatNoPackageCanBeMadeOfIsALayer(who: Visitor) throws {
        let scratch = try Scratch()
        // A name that no file can have.
        let file = scratch("home/\(String(repeating: "x", count: 300)).pak.zst")
        let run = try who.pak(
            scratch,
            ["capture", "--name", "hello", "-o", file, "--", "mkdir", "/opt/pak-test"]
        )
        #expect(run.status == 125, "\(run.complaints)")
        let told = "what was changed is the layer \(scratch("home"))/pak-kept."
        #expect(run.complaints.contains(told), "\(run.complaints)")
        #expect(run.complaints.contains("try: pak layer export '\(scratch("home"))/pak-kept."))
        let layer = try scratch.shell("echo home/pak-kept.*/hello").dropLast()
        let list = try who.pak(scratch, ["layer", "changes", scratch(String(layer))])
        #expect(list.output == "A opt/pak-test\n", "\(list.complaints)")
        #expect(!Scratch.names(in: scratch("home")).contains { $0.hasPrefix("pak-capture") })
    }

    /// Killed when it has written so many files.
    @Test(arguments: [2, 200])
    func aLayerIsAsItWasWhenItsCaptureIsKilled(_ count: Int) throws {
        let scratch = try Scratch()
        let layer = scratch("layer")
        let first = try Program.pak.run(
            capture(scratch, layer) + ["mkdir /opt/t; echo old >/opt/t/old; echo gone >/opt/t/z"]
        )
        #expect(first.status == 0, "\(first.complaints)")
        let before = try state(scratch, layer)
        let script = """
            cd /opt/t; echo new >old; rm z; i=0
            while [ $i -lt 400 ]; do echo $i >f$i; i=$((i+1)); done; echo done
            """
        let running = try Program.pak.start(capture(scratch, layer) + [script])
        #expect(running.output.next() == "done")
        for _ in 0..<50_000 where Scratch.names(in: layer + "/data").count < count { usleep(200) }
        running.send(SIGKILL)
        _ = running.wait()
        // What is seen before anybody opens it for writing, and then what that leaves.
        let seen = try state(scratch, layer)
        let again = try Program.pak.run(capture(scratch, layer) + ["true"])
        #expect(again.status == 0, "\(again.complaints)")
        let last = try state(scratch, layer)
        #expect(seen == last)
        #expect(Scratch.names(in: layer) == ["data", "lock", "log", "over"])
        let isWhole = last.contains("A opt/t/f399\n") && last.hasSuffix("\nnew\n")
        #expect(last == before || isWhole && !last.contains("opt/t/z"), "\(last)")
    }
}
