import Archive
import FileTree
import Synchronization
import Testing

@Suite struct PackerTests {
    let scratch = Scratch()

    /// A tree with what archives can hold, made by the host's own tools.
    private func makeTree() {
        let made = Shell.run(
            """
            set -e
            mkdir -p '\(scratch["tree"])'; cd '\(scratch["tree"])'
            mkdir -p usr/bin usr/share/doc
            echo hello >usr/share/doc/hello; chmod 640 usr/share/doc/hello
            head -c 300000 /dev/urandom >usr/bin/big; chmod 755 usr/bin/big
            ln -s big usr/bin/link; ln usr/bin/big usr/share/again
            : >usr/empty; mkfifo usr/pipe
            touch -d '2020-01-02 03:04:05' usr/share/doc/hello usr/bin/big usr/empty usr/pipe
            touch -d '2020-01-02 03:04:05' usr/share/doc usr/bin usr/share usr
            """
        )
        #expect(made.status == 0, "\(made.output)")
    }

    @Test func packingADirectoryKeepsItsFiles() throws {
        makeTree()
        let report = try Packer.pack(scratch["tree"], to: scratch["out.pak.zst"])
        #expect(report.replaced.isEmpty)
        #expect(
            Listing.ofPackage(scratch["out.pak.zst"], in: scratch)
                == Listing.of(scratch["tree"])
        )
        let id = Shell.run("zstd -qdc '\(scratch["out.pak.zst"])' | sha256sum | cut -c1-64")
        #expect(id.output == "\(report.id)\n")
    }

    @Test(arguments: ["tree", "a.tar", "a.tar.gz"])
    func progressGoesUpToTheEnd(form: String) throws {
        makeTree()
        _ = Shell.run("cd '\(scratch.path)' && tar -C tree -cf a.tar usr && gzip -k a.tar")
        let seen = Mutex<[(UInt64, UInt64)]>([])
        var options = ImportOptions()
        options.progress = ImportProgress { done, total in
            seen.withLock { $0.append((done, total)) }
        }
        _ = try Packer.pack(scratch[form], to: scratch["out.pak.zst"], options)
        let steps = seen.withLock { $0 }
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.0 <= $1.0 && $0.1 == $1.1 })
        let last = try #require(steps.last)
        #expect(last.1 > 300_000)
        #expect(last.0 > last.1 - 20_000)
    }

    @Test(arguments: [
        "find . -mindepth 1 | cpio -o -H newc --quiet >../a.cpio",
        "find . -mindepth 1 | cpio -o -H odc --quiet >../a.cpio",
        "find . -mindepth 1 | cpio -o -H newc --quiet | gzip >../a.cpio",
        "find . -mindepth 1 | cpio -o -H newc --quiet | xz >../a.cpio",
        "bsdtar -c --format newc -f ../a.cpio usr",
    ])
    func cpioArchivesKeepAllButFractionsOfSeconds(command: String) throws {
        makeTree()
        let made = Shell.run("cd '\(scratch["tree"])' && \(command)")
        #expect(made.status == 0, "\(made.output)")
        _ = try Packer.pack(scratch["a.cpio"], to: scratch["out.pak.zst"])
        #expect(
            Listing.ofPackage(scratch["out.pak.zst"], in: scratch)
                == Listing.of(scratch["tree"])
        )
    }

    @Test(arguments: ["zip", "7zip"])
    func zipsAnd7zipsKeepFilesAndLinks(format: String) throws {
        makeTree()
        let made = Shell.run(
            "cd '\(scratch["tree"])' && rm usr/pipe && rm usr/share/again && bsdtar -c --format \(format) -f ../a.zip usr"
        )
        #expect(made.status == 0, "\(made.output)")
        _ = try Packer.pack(scratch["a.zip"], to: scratch["out.pak.zst"])
        #expect(
            Listing.ofPackage(scratch["out.pak.zst"], in: scratch, times: false)
                == Listing.of(scratch["tree"], times: false)
        )
    }
}
