import Archive
import CLinux
import FileTree
import Glibc
import Testing
import Watched

/// Archives that somebody made to do harm: each is an error with file, member and reason, and
/// leaves nothing behind.
@Suite struct HostileTests {
    let scratch = Scratch()

    private func refused(
        _ name: String,
        _ reason: String,
        _ options: ImportOptions = ImportOptions(),
        _ location: SourceLocation = #_sourceLocation
    ) {
        let before = scratch.names
        let error = #expect(throws: FileError.self, sourceLocation: location) {
            try Packer.pack(scratch[name], to: scratch["out.pak.zst"], options)
        }
        let context = error?.context ?? ""
        #expect(context.hasPrefix(scratch[name]), sourceLocation: location)
        #expect(context.contains(reason), "\(context)", sourceLocation: location)
        #expect(scratch.names == before, sourceLocation: location)
    }

    /// Writes one archive three ways: plain, compressed, and as the files of a deb.
    private func write(_ tar: [UInt8]) -> [String] {
        scratch.write("a.tar", tar)
        let made = Shell.run(
            """
            set -e; cd '\(scratch.path)'; gzip -kf a.tar; rm -f a.deb
            printf '2.0\\n' >debian-binary; printf 'Package: p\\nVersion: 1\\n' >control
            tar -czf control.tar.gz ./control; cp a.tar.gz data.tar.gz
            ar rc a.deb debian-binary control.tar.gz data.tar.gz
            rm debian-binary control control.tar.gz data.tar.gz
            """
        )
        #expect(made.status == 0, "\(made.output)")
        return ["a.tar", "a.tar.gz", "a.deb"]
    }

    @Test(arguments: [
        ("../up", ".."), ("a/../../up", ".."), ("/etc/passwd", "absolute"),
        (String(repeating: "n", count: 256), "255"), (".pak/manifest2", ".pak"), (".pak", ".pak"),
        (String(repeating: "d/", count: 256) + "f", "256"),
        (
            Array(repeating: String(repeating: "p", count: 200), count: 21).joined(separator: "/"),
            "4,096"
        ),
    ])
    func namesThatMayNotBeAreRefused(name: String, reason: String) {
        for file in write(RawTar.archive([RawTar.member(name)])) { refused(file, reason) }
    }

    @Test func namesThatMayNotBeAreRefusedInOtherFormatsToo() {
        _ = Shell.run(
            """
            cd '\(scratch.path)'; mkdir in; cd in; echo x >../up
            echo ../up | cpio -o -H newc --quiet >../a.cpio
            bsdtar -P -c --format zip -f ../a.zip ../up; bsdtar -P -c --format 7zip -f ../a.7z ../up
            bsdtar -P -c --format zip -f ../b.zip /etc/hostname; cd ..; rm -r in up
            """
        )
        for file in ["a.cpio", "a.zip", "a.7z"] { refused(file, "..") }
        refused("b.zip", "absolute")
    }

    @Test func linksBeforeTheirTargetsAndToDirectoriesAreRefused() {
        let early = RawTar.member("b", type: "1", link: "a") + RawTar.member("a")
        for file in write(RawTar.archive([early])) { refused(file, "before its target") }
        let folder = RawTar.member("d", type: "5") + RawTar.member("l", type: "1", link: "d")
        for file in write(RawTar.archive([folder])) { refused(file, "directory") }
        let itself = RawTar.member("l", type: "1", link: "l")
        for file in write(RawTar.archive([itself])) { refused(file, "before its target") }
    }

    @Test func namesBelowWhatIsNoDirectoryAreRefused() {
        let below = RawTar.member("l", type: "2", link: "/etc") + RawTar.member("l/passwd")
        for file in write(RawTar.archive([below])) { refused(file, "no directory") }
    }

    @Test func sizesAndChecksumsThatLieAreRefused() {
        var huge = RawTar.member("big")
        RawTar.set(&huge, 124, "77777777777\0")
        for file in write(RawTar.archive([huge])) { refused(file, "cut short") }
        var wrong = RawTar.member("sum")
        wrong[0] = 0x78
        for file in write(RawTar.archive([RawTar.member("a"), wrong])) { refused(file, "checksum") }
    }

    @Test func paxRecordsThatLieAreRefused() {
        let endless = RawTar.pax("99999999999999999999 path=x\n")
        let nul = RawTar.pax("12 path=a\0b\n")
        let time = RawTar.pax("30 mtime=99999999999999999999\n")
        for (record, reason) in [(endless, "pax"), (nul, "NUL"), (time, "")] {
            for file in write(RawTar.archive([record + RawTar.member("f")])) {
                refused(file, reason)
            }
        }
        var many: [UInt8] = []
        for _ in 0..<100 { many += RawTar.pax("10 path=a\n") }
        for file in write(RawTar.archive([many])) { refused(file, "pax") }
    }

    @Test(arguments: ["gzip -9", "xz", "zstd -q -19", "bzip2"])
    func bombsAreRefused(filter: String) {
        // Zeros; gzip alone cannot shrink it a thousandfold, twice it can.
        let twice = filter.hasPrefix("gzip") ? "| gzip -9 " : ""
        _ = Shell.run(
            """
            cd '\(scratch.path)'; truncate -s 64M zeros
            tar -c zeros | \(filter) \(twice)>bomb.tar.x; rm zeros
            """
        )
        refused("bomb.tar.x", "1000 times")
    }

    @Test func zipAndCpioBombsAreRefused() {
        _ = Shell.run(
            """
            cd '\(scratch.path)'; truncate -s 64M zeros
            echo zeros | cpio -o -H newc --quiet | xz >bomb.cpio.xz
            bsdtar -c --format 7zip -f bomb.7z zeros; rm zeros
            """
        )
        refused("bomb.cpio.xz", "1000 times")
        refused("bomb.7z", "1000 times")
    }

    @Test(arguments: [
        "echo a >f; zip -q a.x f", "echo a >f; bsdtar -c --format 7zip -f a.x f",
        "head -c 9999 /dev/urandom >f; echo f | cpio -o -H newc --quiet | xz >a.x",
        "head -c 9999 /dev/urandom >f; echo f | cpio -o -H newc --quiet >a.x",
        "head -c 9999 /dev/urandom >f; tar -c f | zstd -q >a.x",
        "head -c 9999 /dev/urandom >f; tar -c f | bzip2 >a.x",
        "head -c 9999 /dev/urandom >f; bsdtar -c --lz4 -f a.x f",
        "head -c 9999 /dev/urandom >f; bsdtar -c --lzip -f a.x f",
        "head -c 99999 /dev/urandom >f; bsdtar -c --format iso9660 -f a.x f",
    ])
    func anArchiveCutShortAnywhereIsRefused(command: String) {
        let made = Shell.run("cd '\(scratch.path)'; \(command) && rm f")
        #expect(made.status == 0, "\(made.output)")
        let whole = scratch.read("a.x")
        // What stands behind the last member's bytes is padding, at most.
        let end = command.contains("cpio -o -H newc --quiet >") ? 10_100 : whole.count - 1
        let isImage = command.contains("iso")
        let last = isImage ? 32768 + 2048 : end
        for length in Array(stride(from: 0, to: last, by: max(1, last / 97))) {
            scratch.write("cut", Array(whole[..<length]))
            refused("cut", "")
        }
    }

    /// Any byte may be wrong: the import ends, with an error or with a package, and leaves no more.
    ///
    /// The seed is printed.
    @Test(arguments: ["zip", "7zip", "newc", "odc", "ar", "gnutar", "pax", "iso9660"])
    func damagedArchivesNeverDoHarm(format: String) {
        let made = Shell.run(
            """
            cd '\(scratch.path)'; mkdir t; head -c 3000 /dev/urandom >t/f; echo x >t/g; ln -s f t/l
            cd t; if [ \(format) = ar ]; then ar rc ../a.x f g
            else bsdtar -c --format \(format) -f ../a.x f g l; fi; cd ..; rm -r t
            """
        )
        #expect(made.status == 0, "\(made.output)")
        let whole = scratch.read("a.x")
        var random = SystemRandomNumberGenerator()
        let seed = random.next() as UInt64
        print("damagedArchivesNeverDoHarm \(format): seed \(seed)")
        var state = seed | 1
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % limit
        }
        for _ in 0..<Watched.some(200) {
            var bytes = whole
            for _ in 0..<1 + next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
            scratch.write("bad", bytes)
            // Either will do.
            _ = try? Packer.pack(scratch["bad"], to: scratch["out.pak.zst"])
            unlink(scratch["out.pak.zst"])
        }
        #expect(scratch.names == ["a.x", "bad"])
    }

    @Test func whatIsNoArchiveIsRefused() {
        scratch.write("empty", [])
        refused("empty", "empty")
        scratch.write("text", Array("just some text, longer than a few bytes\n".utf8))
        refused("text", "no archive")
        scratch.write("text.gz", Array("\u{1f}".utf8))
        refused("text.gz", "no archive")
        _ = Shell.run("cd '\(scratch.path)' && gzip -kf text && mv text.gz packed")
        refused("packed", "neither tar nor cpio")
        refused("missing", "")
        _ = Shell.run("mkfifo '\(scratch["fifo"])'")
        refused("fifo", "neither a file nor a directory")
    }

    @Test(.disabled(if: geteuid() != 0, "only root can become somebody who may not read"))
    func anUnreadableFileIsNamed() {
        _ = Shell.run(
            "cd '\(scratch.path)' && chmod 755 . && mkdir d && echo >d/ok && echo >d/secret && chmod 600 d/secret"
        )
        let folder = scratch["d"]
        let error = Unprivileged.run {
            do throws(FileError) {
                _ = try Package.openDirectory(folder)
                return "opened"
            } catch {
                return "\(error.kind) \(error.context ?? "")"
            }
        }
        #expect(error == "permission \(folder): secret")
    }

    @Test(.disabled(if: geteuid() != 0, "only root can mount a small file system"))
    func aFullDiskIsAnErrorAndLeavesNothing() {
        _ = Shell.run(
            """
            cd '\(scratch.path)' && mkdir small && mount -t tmpfs -o size=1m none small
            mkdir t; head -c 3000000 /dev/urandom >t/f
            """
        )
        defer { _ = Shell.run("umount '\(scratch["small"])'") }
        let error = #expect(throws: FileError.self) {
            try Packer.pack(scratch["t"], to: scratch["small/out.pak.zst"])
        }
        #expect(error?.kind == .noSpace, "\(error as Any)")
        #expect(Shell.run("ls -A '\(scratch["small"])'").output == "")
    }
}

/// Tars made header by header, so that anything can be wrong with them.
enum RawTar {
    static func set(_ block: inout [UInt8], _ offset: Int, _ text: String) {
        for (at, byte) in text.utf8.enumerated() { block[offset + at] = byte }
        for at in 148..<156 { block[at] = 0x20 }
        let sum = block[..<512].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
        for (at, byte) in field.utf8.enumerated() { block[148 + at] = byte }
    }

    /// One empty member; a long name goes into a pax record.
    static func member(_ name: String, type: String = "0", link: String = "") -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        for (at, byte) in name.utf8.prefix(100).enumerated() { block[at] = byte }
        for (at, byte) in link.utf8.prefix(100).enumerated() { block[157 + at] = byte }
        set(&block, 100, "0000644\0")
        set(&block, 108, "0000000\0")
        set(&block, 116, "0000000\0")
        set(&block, 124, "00000000000\0")
        set(&block, 136, "00000000000\0")
        set(&block, 156, type)
        set(&block, 257, "ustar\0" + "00")
        guard name.utf8.count > 100 else { return block }
        var length = name.utf8.count + 8
        while "\(length) path=\(name)\n".utf8.count != length { length += 1 }
        return pax("\(length) path=\(name)\n") + block
    }

    static func pax(_ records: String) -> [UInt8] {
        var block = member("pax", type: "x")
        let size = String(records.utf8.count, radix: 8)
        set(&block, 124, String(repeating: "0", count: 11 - size.count) + size + "\0")
        let padding = (512 - records.utf8.count % 512) % 512
        return block + Array(records.utf8) + [UInt8](repeating: 0, count: padding)
    }

    static func archive(_ members: [[UInt8]]) -> [UInt8] {
        members.flatMap { $0 } + [UInt8](repeating: 0, count: 1024)
    }
}

/// Runs a little as somebody who may do less.
enum Unprivileged {
    /// Runs `body` with nobody's rights to files: of this thread alone, and only meanwhile.
    static func run<T>(_ body: () -> T) -> T {
        setfsgid(65534)
        setfsuid(65534)
        defer {
            setfsuid(0)
            setfsgid(0)
        }
        return body()
    }
}
