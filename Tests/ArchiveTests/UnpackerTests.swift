import Archive
import CLinux
import FileTree
import Glibc
import Testing

@Suite struct UnpackerTests {
    let scratch = Scratch()

    private func sh(_ lines: String) {
        let result = Shell.run("set -e; cd '\(scratch.path)'\n\(lines)")
        #expect(result.status == 0, "\(result.output)")
    }

    private func package(_ name: String) throws -> Package {
        try Package.open(scratch[name], frames: FrameCache(), imports: ImportCache(nil))
    }

    /// What a package can hold, as a tar by GNU tar.
    private func makeTar() {
        sh(
            """
            mkdir -p t/usr/bin t/ro/deep; cd t
            echo run >usr/bin/run; chmod 4755 usr/bin/run; ln usr/bin/run usr/bin/again
            head -c 400000 /dev/urandom >usr/big; truncate -s 2M usr/sparse; echo end >>usr/sparse
            ln -s ../nowhere usr/link; ln usr/link usr/link2 || true; mkfifo usr/pipe
            if [ $(id -u) = 0 ]; then chown 12:34 usr/big; mknod usr/null c 1 3; fi
            setfattr -n user.note -v hello usr/big 2>/dev/null || true
            echo x >ro/deep/file; touch -d @1000000000 ro/deep/file usr/big usr/bin/run usr/sparse usr/pipe
            touch -h -d @900000000 usr/link usr/link2; if [ -e usr/null ]; then touch -d @900000000 usr/null; fi
            chmod 555 ro/deep ro; touch -d @1100000000 ro/deep ro usr/bin usr .
            cd ..; tar --xattrs --sparse --numeric-owner -cf p.tar -C t .
            """
        )
    }

    @Test func unpackingGivesBackWhatTarDoes() throws {
        makeTar()
        let losses = try Unpacker.unpack(package("p.tar"), to: scratch["ours"])
        if geteuid() == 0 { #expect(losses == []) }
        sh("mkdir theirs; tar --xattrs --numeric-owner -xpf p.tar -C theirs")
        let ours = Listing.of(scratch["ours"], owners: geteuid() == 0)
        #expect(ours == Listing.of(scratch["theirs"], owners: geteuid() == 0))
        #expect(ours.contains("usr/bin/again f 4755"))
        sh("test $(stat -c %b ours/usr/sparse) -lt 1000")
        // Packed again it is the same package, whatever it was unpacked from.
        var options = ImportOptions()
        options.name = "same"
        let id = try Packer.pack(scratch["ours"], to: scratch["a.pak.zst"], options).id
        #expect(try Packer.pack(scratch["t"], to: scratch["b.pak.zst"], options).id == id)
        #expect(try Unpacker.unpack(package("a.pak.zst"), to: scratch["again"]) == [])
        #expect(
            Listing.of(scratch["again"], owners: false) == Listing.of(scratch["t"], owners: false)
        )
    }

    @Test(.enabled(if: geteuid() == 0, "an owner that cannot be given takes root to try"))
    func aFileWhoseOwnerCannotBeGivenHasNoSetIDBits() throws {
        sh("echo x >f; chmod 6755 f; tar --owner 12 --group 34 --numeric-owner -cf p.tar f")
        let p = try package("p.tar")
        chmod(scratch.path, 0o777)
        setfsuid(65534)
        setfsgid(65534)
        // The rights go with the number, for this thread alone.
        defer {
            setfsuid(0)
            setfsgid(0)
        }
        let losses = try Unpacker.unpack(p, to: scratch["ours"])
        var status = stat()
        #expect(stat(scratch["ours/f"], &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o755)
        #expect(losses.contains { $0.what.hasPrefix("mode 6000: ") }, "\(losses)")
    }

    @Test func holesAreNotRead() throws {
        sh("truncate -s 8T hole; echo end >>hole; tar --sparse -cf p.tar hole")
        #expect(try Unpacker.unpack(package("p.tar"), to: scratch["ours"]) == [])
        sh("test $(stat -c %s ours/hole) = 8796093022212; test \"$(tail -c 4 ours/hole)\" = end")
    }

    @Test func aTargetThatHoldsFilesIsRefusedUnlessTheyMayBeReplaced() throws {
        sh(
            "mkdir -p t/d old/d; echo new >t/d/f; tar -C t -cf p.tar d; echo old >old/d/f; echo k >old/k"
        )
        let error = #expect(throws: FileError.self) {
            try Unpacker.unpack(package("p.tar"), to: scratch["old"])
        }
        #expect(error?.kind == .notEmpty)
        _ = try Unpacker.unpack(package("p.tar"), to: scratch["old"], replacing: true)
        #expect(scratch.read("old/d/f") == Array("new\n".utf8))
        #expect(scratch.read("old/k") == Array("k\n".utf8))
    }

    @Test func linksInTheTargetAreNeverFollowed() throws {
        sh(
            """
            mkdir -p t/d out/sub old; echo new >t/d/f; echo new >t/g; tar -C t -cf p.tar d g
            ln -s ../out old/d; echo keep >out/g; ln -s ../out/g old/g
            """
        )
        #expect(throws: FileError.self) {
            try Unpacker.unpack(package("p.tar"), to: scratch["old"], replacing: true)
        }
        sh("rm old/d")
        _ = try Unpacker.unpack(package("p.tar"), to: scratch["old"], replacing: true)
        #expect(scratch.read("out/g") == Array("keep\n".utf8))
        #expect(Shell.run("cd '\(scratch.path)' && ls out").output == "g\nsub\n")
        #expect(scratch.read("old/g") == Array("new\n".utf8))
    }

    @Test func aFailureLeavesTheTargetAsItWas() throws {
        // A damaged frame: the index is right, the bytes are not.
        sh("mkdir -p t/a; head -c 300000 /dev/urandom >t/a/f; echo x >t/b; mkdir empty")
        _ = try Packer.pack(scratch["t"], to: scratch["p.pak.zst"])
        var bytes = scratch.read("p.pak.zst")
        bytes[150_000] ^= 0xff
        scratch.write("p.pak.zst", bytes)
        let before = scratch.names
        for target in ["new", "empty"] {
            #expect(throws: FileError.self) {
                try Unpacker.unpack(package("p.pak.zst"), to: scratch[target])
            }
        }
        #expect(scratch.names == before)
        #expect(Shell.run("ls -A '\(scratch["empty"])'").output == "")
    }

    @Test(.disabled(if: geteuid() != 0, "only root can become somebody who may do less"))
    func whatOneMayNotRestoreIsNamed() throws {
        makeTar()
        sh("chmod 755 .; mkdir home; chown 65534:65534 home")
        let package = try package("p.tar")
        let target = scratch["home/new"]
        let result = Unprivileged.run { Result { try Unpacker.unpack(package, to: target) } }
        let losses = try result.get().map {
            "\(String(decoding: $0.path, as: UTF8.self)): \($0.what)"
        }
        #expect(losses.contains { $0.hasPrefix("usr/big: owner 12:34") }, "\(losses)")
        #expect(losses.contains { $0.hasPrefix("usr/null: ") }, "\(losses)")
        #expect(scratch.read("home/new/ro/deep/file") == Array("x\n".utf8))
    }
}
