import Glibc
import Testing

/// `pak mount`, `pak umount` and what `pak doctor` says of them.
@Suite(.enabled(if: Visitor.whyNone == nil, "\(Visitor.whyNone ?? "")"))
struct MountTests {
    /// A package and a directory to mount it at.
    private func example() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p a/usr/share home/at; echo hello >a/usr/share/words
            tar -C a --owner 0 --group 0 -cf a.tar .
            """
        )
        return scratch
    }

    /// Runs a script that knows pak as `$pak`, in one and the same name space.
    private func shell(_ who: Visitor, _ scratch: Scratch, _ text: String) throws -> String {
        let (program, words) = try who.program(Program(path: "/bin/sh"), scratch)
        if who != .own {
            try scratch.shell("find home -not -user 65534 -exec chown -h 65534:65534 {} +")
        }
        let script = "pak='\(Program.pak.path)'; at='\(scratch("home/at"))'; \(text)"
        let outcome = try program.run(words + ["-c", script])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.complaints)")
        return outcome.output
    }

    @Test(arguments: Visitor.withFUSE)
    func packagesAreAtADirectoryUntilTheyAreTakenAway(who: Visitor) throws {
        let scratch = try example()
        let said = try shell(
            who,
            scratch,
            """
            $pak mount -p '\(scratch("a.tar"))' $at || exit
            cat $at/usr/share/words; echo x 2>/dev/null >$at/usr/share/words || echo refused
            grep -c " $at fuse.pak\\| $at .* fuse.pak " /proc/self/mountinfo
            $pak umount $at && ls $at && grep -c " $at " /proc/self/mountinfo; true
            """
        )
        #expect(said == "hello\nrefused\n1\n0\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func aServerThatIsKilledIsNamedAndGivesWay(who: Visitor) throws {
        let scratch = try example()
        let said = try shell(
            who,
            scratch,
            """
            $pak mount -f -p '\(scratch("a.tar"))' $at & server=$!
            until cat $at/usr/share/words 2>/dev/null; do kill -0 $server || exit; done
            kill -9 $server; wait $server 2>/dev/null
            ls $at/never-seen 2>&1 | grep -c 'not connected'
            $pak doctor | grep -c "mount.*server is gone.*pak umount '$at'"
            $pak mount -p '\(scratch("a.tar"))' $at && cat $at/usr/share/words
            $pak umount $at; $pak umount $at 2>/dev/null || echo none
            """
        )
        #expect(said == "hello\n1\n1\nhello\nnone\n")
    }

    @Test(.enabled(if: geteuid() == 0, "only root mounts below /"))
    func aServerThatDoesNotAnswerHoldsUpNoView() throws {
        let scratch = try example()
        let said = try shell(
            .own,
            scratch,
            """
            export pak; unshare -m sh -c '
                $pak mount -f -p "$0" /mnt & server=$!
                until grep -q " /mnt .* fuse.pak " /proc/self/mountinfo; do
                    kill -0 $server || exit
                done
                kill -STOP $server
                timeout -s KILL 60 $pak run -p "$0" -- cat /usr/share/words
                timeout -s KILL 60 $pak capture --list -- touch /usr/pak-test-made
                kill -KILL $server' '\(scratch("a.tar"))'; true
            """
        )
        #expect(said == "hello\nA usr/pak-test-made\n")
    }

    @Test(.enabled(if: geteuid() == 0 && Visitor.own.hasFUSE, "only root mounts over it"))
    func whatIsMountedOverItIsLeftAlone() throws {
        let scratch = try example()
        let said = try shell(
            .own,
            scratch,
            """
            export pak at; unshare -m sh -c '
                $pak mount -f -p "$0" $at 2>$at.log & server=$!
                until cat $at/usr/share/words 2>/dev/null; do kill -0 $server || exit; done
                mount -t tmpfs none $at && echo work >$at/work
                $pak umount $at 2>&1; cat $at/work; kill -TERM $server
                for n in $(seq 300); do [ -s $at.log ] && break; sleep 0.1; done
                cat $at/work $at.log; umount $at
                for n in $(seq 300); do
                    kill -TERM $server; sleep 0.1
                    grep -q " $at .* fuse.pak " /proc/self/mountinfo || break
                done
                wait $server; echo $?' '\(scratch("a.tar"))'
            """
        )
        let place = scratch("home/at")
        let why = "pak: \(place): something else is mounted over it\n"
        #expect(said == "hello\n\(why)try: umount '\(place)'\nwork\nwork\n\(why)0\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func aServerThatDoesNotAnswerKeepsNobodyWaiting(who: Visitor) throws {
        let scratch = try example()
        let said = try shell(
            who,
            scratch,
            """
            $pak mount -f -p '\(scratch("a.tar"))' $at & server=$!
            until cat $at/usr/share/words 2>/dev/null; do kill -0 $server || exit; done
            kill -STOP $server
            timeout 60 $pak doctor | grep -c "mount.*does not answer.*pak umount -l '$at'"
            timeout 60 $pak umount -l $at && ls $at
            kill -CONT $server; wait $server; echo $?
            """
        )
        #expect(said.hasPrefix("hello\n") && said.hasSuffix("\n1\n0\n"), "\(said)")
    }

    @Test(arguments: Visitor.withFUSE)
    func whatIsMountedThereAlreadyIsTold(who: Visitor) throws {
        let scratch = try example()
        let said = try shell(
            who,
            scratch,
            """
            $pak mount -p '\(scratch("a.tar"))' $at || exit
            $pak mount -p '\(scratch("a.tar"))' $at 2>&1; echo $?; $pak umount $at
            """
        )
        let place = scratch("home/at")
        #expect(
            said
                == "pak: \(place): a view is mounted there already\ntry: pak umount '\(place)'\n1\n"
        )
    }

    @Test(arguments: Visitor.withFUSE, ["TERM", "HUP", "INT"])
    func aServerInTheBackgroundEndsWhenItIsToldTo(who: Visitor, signal: String) throws {
        let scratch = try example()
        let said = try shell(
            who,
            scratch,
            """
            cd $at/.. && $pak mount -p '\(scratch("a.tar"))' at || exit
            cat at/usr/share/words
            for server in $(pidof pak); do
                tr '\\0' '\\n' <"/proc/$server/cmdline" | grep -qxF '\(scratch("a.tar"))' || continue
                kill -\(signal) $server
                timeout 20 tail --pid=$server -f /dev/null || echo "it goes on"
            done
            ls at; $pak umount at 2>/dev/null; true
            """
        )
        #expect(said == "hello\n")
    }

    /// A fusermount3 that does something else first, as `mode` says.
    private static let otherProgram = """
        #!/bin/sh
        cd "${0%/*}"; [ "$1" = -u ] && at=unmount || at=mount
        # A shell that starts a program may let in the signals that it was started without.
        read -r mode <mode; read -r group <group
        case $mode in
        $at) kill -TERM -"$group";;
        refused)
            trap '' TERM
            [ $at = mount ] || ! mkdir tried 2>/dev/null || {
                # Whoever reads it asks again before this has ended.
                echo "not now" >&2; sleep 0.3; exit 1
            };;
        esac
        PATH=${PATH#*:} exec fusermount3 "$@"
        """

    @Test(
        arguments: Visitor.withFUSE.filter { !$0.isRoot },
        [
            // Another signal to all of the group, as timeout(1) sends it, while it is taken away.
            ("unmount", "0\n0\n"),
            // A signal before there is anything to take away.
            ("mount", "0\n0\n"),
            // What fails is told, and done when it is asked for again.
            ("refused", "0\n0\nnot now\n"),
        ]
    )
    func aServerThatIsToldToEndLeavesNoMount(who: Visitor, _ example: (String, String)) throws {
        let (mode, expected) = example
        let scratch = try self.example()
        try scratch.makeDirectory("home/bin")
        try scratch.write("home/bin/fusermount3", Self.otherProgram, mode: 0o755)
        try scratch.write("home/bin/mode", mode)
        let said = try shell(
            who,
            scratch,
            """
            export pak at PATH="${at%/*}/bin:$PATH"; cd "${at%/*}/bin" || exit
            timeout -s KILL 60 sh -c 'echo $PPID >group.new && mv group.new group || exit
                exec "$pak" mount -f -p "\(scratch("a.tar"))" "$at"' 2>complaints & server=$!
            if [ \(mode) != mount ]; then
                until cat $at/usr/share/words >out 2>/dev/null; do kill -0 $server || exit; done
                kill -TERM $server
            fi
            if [ \(mode) = refused ]; then
                timeout 60 sh -c 'until grep -q now complaints; do :; done'
                kill -TERM -$server 2>/dev/null
            fi
            wait $server; echo $?; grep -c " $at " /proc/self/mountinfo; cat complaints
            $pak umount -l $at 2>/dev/null; true
            """
        )
        #expect(said == expected)
    }

    @Test(.enabled(if: Visitor.own.hasFUSE, "/dev/fuse is closed"))
    func aServerInTheBackgroundOutlivesItsTerminal() throws {
        let scratch = try example()
        let terminal = try Terminal()
        let (at, package) = (scratch("home/at"), scratch("a.tar"))
        terminal.type(
            "XDG_CACHE_HOME='\(scratch("cache"))' '\(Program.pak.path)' mount -p '\(package)' '\(at)'; "
                + "echo status $?\n"
        )
        try terminal.expect("status 0\r\n")
        terminal.hangUp()
        #expect(try scratch.shell("cat home/at/usr/share/words") == "hello\n")
        #expect(try Program.pak.run("umount", at).status == 0)
    }

    @Test(arguments: Visitor.all)
    func aMountInItsOwnBaseIsRefused(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir -p home/base/at; ln -s base/at home/link; ln -s base home/other")
        for (folder, place) in [("base", "base/at"), ("other", "link"), ("../home", "at")] {
            let (base, at) = (scratch("home/\(folder)"), scratch("home/\(place)"))
            let mounted = try who.pak(scratch, ["mount", "-b", base, at])
            let why = "\(at): it is in \(base), which would show the mount in itself"
            #expect(mounted.complaints == "pak: \(why)\ntry: mkdir ANOTHER\n")
            #expect(mounted.status == 1)
        }
        let at = scratch("home/at")
        let all = try who.pak(scratch, ["mount", "-b", "/", "-p", scratch("a.tar"), at])
        let cure = "\ntry: pak run -p PACKAGE -- COMMAND\n"
        #expect(all.status == 1 && all.complaints.hasSuffix(cure), "\(all.complaints)")
    }

    @Test(arguments: Visitor.withFUSE)
    func aBaseBesideTheMountIsShown(who: Visitor) throws {
        let scratch = try example()
        try scratch.shell("mkdir home/base; echo below >home/base/file")
        let said = try shell(
            who,
            scratch,
            """
            $pak mount -b $at/../base -p '\(scratch("a.tar"))' $at || exit
            cat $at/file $at/usr/share/words; $pak umount $at
            """
        )
        #expect(said == "below\nhello\n")
    }

    @Test(arguments: Visitor.withFUSE)
    func aMissingDirectoryIsNamedWithOneReason(who: Visitor) throws {
        let scratch = try example()
        let none = scratch("home/none")
        let mounted = try who.pak(scratch, ["mount", "-p", scratch("a.tar"), none])
        #expect(mounted.complaints == "pak: \(none): file does not exist\ntry: mkdir '\(none)'\n")
    }

    @Test(arguments: Visitor.all)
    func whatCannotBeMountedIsToldBeforeTheCommandReturns(who: Visitor) throws {
        let scratch = try example()
        for (words, status, says) in [
            (["-p", scratch("none"), scratch("home/at")], 1, "none: file does not exist"),
            (["-p", scratch("a.tar"), scratch("home/none")], 1, "try: mkdir"),
            (["-p", scratch("a.tar")], 2, ""),
        ] as [([String], Int32, String)] {
            let mounted = try who.pak(scratch, ["mount"] + words)
            // Where no mount can be had at all, that is what is told.
            #expect(mounted.status == status || !who.hasFUSE && mounted.status == 6, "\(words)")
            if who.hasFUSE { #expect(mounted.complaints.contains(says), "\(mounted.complaints)") }
        }
        guard !who.hasFUSE else { return }
        let closed = try who.pak(scratch, ["mount", "-p", scratch("a.tar"), scratch("home/at")])
        #expect(closed.status == 6)
        #expect(closed.complaints.contains("\ntry: "), "\(closed.complaints)")
    }

    @Test(arguments: Visitor.all)
    func theDoctorHasALineACheck(who: Visitor) throws {
        let doctor = try who.pak(try example(), ["doctor"])
        #expect(doctor.status == 0, "\(doctor.complaints)")
        let lines = doctor.output.split(separator: "\n")
        #expect(lines.count >= 8)
        for line in lines { #expect(line.hasPrefix("yes ") || line.hasPrefix("no  "), "\(line)") }
        let fuse = lines.first { $0.contains("/dev/fuse in a namespace") } ?? ""
        #expect(fuse.hasPrefix(who.hasFUSE ? "yes" : "no "), "\(fuse)")
        if !who.hasFUSE { #expect(fuse.contains("; try: ")) }
    }
}
