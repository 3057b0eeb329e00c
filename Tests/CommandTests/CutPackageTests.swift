import Glibc
import Testing

/// A package that is cut while it is mounted.
@Suite(.enabled(if: Visitor.own.hasFUSE && geteuid() == 0, "no mounts can be made here"))
struct CutPackageTests {
    /// Of few names the index is in one page, of which the kernel has the rest read as zeros; of
    /// many it is in pages that are gone.
    @Test(arguments: [3, 4000])
    func whatCannotBeReadIsAnErrorAndNeverMissingOrEmpty(count: Int) throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p p/usr/share/cut at other
            for i in $(seq \(count)); do echo $i >p/usr/share/cut/file-$i; done
            '\(Program.pak.path)' pack -q -o p.pak p
            """
        )
        let running = try Program.pak.start(["mount", "-f", "-p", scratch("p.pak"), scratch("at")])
        try scratch.shell("timeout 60 sh -c 'until [ -e at/usr ]; do :; done'")
        try scratch.shell("truncate -s 200 p.pak")
        let looks = [
            "cat at/usr/share/cut/file-1", "ls at/usr/share/cut", "find at/usr/share -type f",
            "stat at/usr/share/cut/file-2", "cat at/usr/share/cut/no-such-file",
        ]
        for look in looks {
            var shell = Program(path: "/bin/sh")
            shell.environment = ["LC_ALL": "C"]
            let seen = try shell.run("-c", "cd '\(scratch.path)'; \(look)")
            #expect(seen.status != 0, "\(look): \(seen.output)")
            #expect(
                seen.complaints.contains("Input/output error"),
                "\(look): \(seen.output)\(seen.complaints)"
            )
            #expect(!seen.complaints.contains("No such file"), "\(look): \(seen.complaints)")
        }
        let end = try Program.pak.run("umount", "-l", scratch("at"))
        #expect(end.status == 0, "\(end.complaints)")
        _ = running.wait()
    }
}
