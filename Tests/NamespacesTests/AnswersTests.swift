import FileTree
import Glibc
import Namespaces
import Testing

/// System calls of root in the view that are answered in the kernel's place.
@Suite(.enabled(if: ServedView.isPossible, ServedView.reason)) struct AnswersTests {
    #if arch(x86_64)
    static let fchownat = 260
    #else
    static let fchownat = 54
    #endif

    /// Files to change: f, d/x, a link to d/x and one to nothing.
    static let files = """
        for my $n ('f', 'd/x') { mkdir 'd'; open my $o, '>', $n or die $!; }
        symlink 'd/x', 'link'; symlink '/mnt/d/x', 'd/far'; symlink 'none', 'dangling';
        sub say_it { print $_[0] ? "ok" : $!, "\\n" }
        """

    static let owned: [(call: String, file: String)] = [
        ("chown 33, 44, 'f'", "f"),
        ("chown 33, 44, '/mnt/f'", "f"),
        ("chown 33, 44, './d/../f'", "f"),
        ("chown 33, 44, 'link'", "d/x"),
        ("chown 33, 44, 'd/far'", "d/x"),
        ("do { chdir 'd'; chown 33, 44, 'x' }", "d/x"),
        ("do { chdir 'd'; chown 33, 44, '../f' }", "f"),
        ("do { open my $o, '<', 'f'; chown 33, 44, $o }", "f"),
        ("do { open my $o, '<', 'f'; chown 33, 44, '/proc/self/fd/' . fileno $o }", "f"),
        ("chown 33, 44, 'd'", "d"),
        ("do { chroot '/mnt/d'; chown 33, 44, '/x' }", "d/x"),
        ("do { chroot '/mnt/d'; chown 33, 44, '/../../x' }", "d/x"),
        ("!syscall \(fchownat), -100, my $n = 'link', 33, 44, 0", "d/x"),
        ("!syscall \(fchownat), -100, my $n = 'link', 33, 44, 0x100", "link"),
        (
            "do { opendir my $o, 'd'; !syscall \(fchownat), fileno $o, my $n = 'x', 33, 44, 0 }",
            "d/x"
        ),
        (
            "do { open my $o, '<', 'f'; !syscall \(fchownat), fileno $o, my $n = '', 33, 44, 0x1000 }",
            "f"
        ),
    ]

    @Test(arguments: owned)
    func anOwnerIsRecordedForTheFileThatIsMeant(_ call: String, _ file: String) throws {
        let view = ServedView()
        let output = try view.run(
            "\(Self.files) say_it(\(call)); print join ' ', (lstat '/mnt/\(file)')[4, 5];"
        )
        let isInside = call.contains("chroot")
        #expect(output == "ok\n" + (isInside ? "" : "0 0"), "\(call)")
        #expect(view.requests.map(\.call) == [.own(uid: 33, gid: 44)])
        #expect(view.requests.map(\.mount) == [0])
        for name in ["f", "d", "d/x", "link", "dangling"] {
            let stat = try view.stat(name)
            let expected: (UInt32, UInt32) = name == file ? (33, 44) : (0, 0)
            #expect((stat.uid, stat.gid) == expected, "\(name) after \(call)")
        }
    }

    @Test func ownersOfOneKindLeaveTheOther() throws {
        let view = ServedView()
        _ = try view.run("\(Self.files) chown 33, -1, 'f'; chown -1, 44, 'f'; chown -1, -1, 'f';")
        #expect(
            view.requests.map(\.call) == [
                .own(uid: 33, gid: nil), .own(uid: nil, gid: 44), .own(uid: nil, gid: nil),
            ]
        )
    }

    static let refused: [(call: String, error: String)] = [
        ("chown 1, 1, 'none'", "No such file or directory"),
        ("chown 1, 1, 'dangling'", "No such file or directory"),
        ("chown 1, 1, ''", "No such file or directory"),
        ("chown 1, 1, 'f/x'", "Not a directory"),
        ("do { symlink 'loop', 'loop'; chown 1, 1, 'loop' }", "Too many levels of symbolic links"),
        ("chown 1, 1, 'x' x 300", "File name too long"),
        ("chown 1, 1, 'd/' x 3000", "File name too long"),
        ("!syscall \(fchownat), -100, 1, 1, 1, 0", "Bad address"),
        ("!syscall \(fchownat), 99, my $n = 'x', 1, 1, 0", "Bad file descriptor"),
        ("!syscall \(fchownat), 99, my $n = '', 1, 1, 0x1000", "Bad file descriptor"),
        ("!syscall \(fchownat), -100, my $n = 'f', 1, 1, 0x4000", "Invalid argument"),
        // O_PATH: what it is open for is nothing.
        ("do { sysopen my $o, 'f', 0x200000; chown 1, 1, $o }", "Bad file descriptor"),
    ]

    @Test(arguments: refused)
    func whatTheKernelWouldRefuseIsRefused(_ call: String, _ error: String) throws {
        let view = ServedView()
        #expect(try view.run("\(Self.files) say_it(\(call));") == error + "\n", "\(call)")
        #expect(view.requests.isEmpty)
    }

    @Test func whatTheStarterThrowsIsTheCallsError() throws {
        let view = ServedView()
        let output = try view.run(
            "\(Self.files) say_it(chown 1, 1, 'f');",
            refusing: FileError(.quota)
        )
        #expect(output == "Disk quota exceeded\n")
    }

    @Test func devicesAreRecordedAndOtherFilesAreTheKernels() throws {
        let view = ServedView()
        let output = try view.run(
            """
            \(Self.files) umask 027; print system('mknod', '-m', '0666', 'd/null', 'c', '1', '3');
            system 'mknod', 'disk', 'b', '259', '1'; system 'mknod', '/mnt/pipe', 'p';
            print system('mknod f c 1 3 2>&1'), "\\n"; print -c 'd/null' ? "char" : "none";
            print -b 'disk' ? " block" : " none", -p 'pipe' ? " pipe" : " none";
            """
        )
        #expect(try view.stat("d/null").mode.permissions == 0o666)
        #expect(output == "0mknod: f: File exists\n256\nchar block pipe")
        #expect(
            view.requests.prefix(2).map(\.call) == [
                .makeDevice(name: Array("null".utf8), mode: 0o20640, device: 0x103),
                .makeDevice(name: Array("disk".utf8), mode: 0o60640, device: 0x10301),
            ]
        )
    }

    @Test func whoMayMakeNoDevicesMakesNone() throws {
        let view = ServedView()
        let output = try view.run(
            """
            for my $folder ('/mnt', '/media') {
                chdir $folder;
                print system('setpriv --bounding-set -mknod mknod dev c 1 3 2>/dev/null'), ' ',
                    -e 'dev' ? 'made' : 'none', "\\n";
            }
            """
        )
        #expect(output == "256 none\n256 none\n")
        #expect(view.requests.isEmpty)
    }

    @Test func elsewhereOwnersAreForgottenAndDevicesAreEmptyFiles() throws {
        let view = ServedView()
        let output = try view.run(
            """
            chdir '/media'; open my $o, '>', 'f'; print chown(33, 44, 'f'), ' ', (stat 'f')[4], ' ';
            print system('mknod', 'dev', 'c', '1', '3'), -f 'dev' ? ' file' : ' none';
            """
        )
        #expect(output == "1 0 0 file")
        #expect(view.requests.isEmpty)
    }

    @Test func otherUsersCanBePretended() throws {
        let view = ServedView()
        let program = "print qx(setpriv --reuid 5 --regid 5 --clear-groups id -u 2>&1)"
        #expect(try view.run(program) == "0\n")
        // The kernel's own answer: root has all numbers in its view, a user the one.
        #expect(try view.run(program, answered: [.owners]) != "0\n")
    }

    @Test func manyProcessesMayAskAtOnce() throws {
        let view = ServedView()
        let output = try view.run(
            """
            my @p; for my $n (1..20) { push @p, fork || do {
                for my $m (1..20) { open my $o, '>', "f$n.$m"; chown $n, $m, $o or exit 1 } exit 0 } }
            my $bad = 0; for (@p) { waitpid $_, 0; $bad += $? } print $bad;
            """
        )
        #expect(output == "0")
        #expect(view.requests.count == 400)
        for user in 1...20 {
            for group in 1...20 {
                let stat = try view.stat("f\(user).\(group)")
                #expect((stat.uid, stat.gid) == (UInt32(user), UInt32(group)))
            }
        }
    }
}
