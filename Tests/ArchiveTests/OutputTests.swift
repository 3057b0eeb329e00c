import Archive
import FileTree
import Glibc
import Testing

/// The bytes of a draft's members in memory.
private final class MemoryContents: DraftContents {
    private let files: [TestFile]

    init(_ files: [TestFile]) { self.files = files }

    func open(_ number: Int) throws(FileError) -> any OpenFile { HeldBytes(files[number].bytes) }
}

private func draft(_ files: [TestFile], _ lines: [(String, String)] = []) -> Draft {
    let files = files.sorted { MemberPath.precedes($0.member.path, $1.member.path) }
    var manifest = Manifest()
    for (key, value) in lines { manifest.add(key, value) }
    return Draft(
        manifest: manifest,
        members: files.map(\.member),
        contents: MemoryContents(files)
    )
}

private func owned(_ file: TestFile, _ uid: UInt32, mode: UInt32? = nil) -> TestFile {
    var file = file
    file.member.uid = uid
    if let mode { file.member.permissions = mode }
    return file
}

private let sample = draft(
    PackageWriterTests.sample + [.file("usr/a.b", pattern(200_001)), .file("usr.x", [7])],
    [("name", "sample"), ("hole", "usr/old"), ("opaque", "usr/share")]
)

@Suite struct OutputTests {
    @Test func theTarIsWhatThePackageHoldsCompressed() throws {
        let scratch = Scratch()
        let pak = try PackageOutput().write(sample, to: scratch["a.pak.zst"], OutputOptions())
        let tar = try TarOutput().write(sample, to: scratch["a.tar"], OutputOptions())
        #expect(pak.id == tar.id)
        #expect(tar.id == SHA256.hash(scratch.read("a.tar")))
        #expect(pak.losses.isEmpty && tar.losses.isEmpty)
        let cache = FrameCache(capacity: 1 << 20)
        let package = try #require(
            try Package.native(HostFile(scratch["a.pak.zst"]), cache: cache)
        )
        #expect(package.id == pak.id)
        try package.verify()
        #expect(scratch.names == ["a.pak.zst", "a.tar"])
    }

    @Test(arguments: ["tar", "bsdtar"])
    func otherTarsReadTheTar(tool: String) throws {
        guard Shell.has(tool) else { return }
        let scratch = Scratch()
        _ = try TarOutput().write(sample, to: scratch["a.tar"], OutputOptions())
        let line =
            "mkdir '\(scratch["x"])' && \(tool) -xf '\(scratch["a.tar"])' -C '\(scratch["x"])'"
        #expect(Shell.run(line) == ("", 0))
        #expect(scratch.read("x/usr/bin/z") == pattern(300_000))
        #expect(scratch.read("x/usr/a.b") == pattern(200_001))
        let links = Shell.run("stat -c %h '\(scratch["x/usr/bin/jq"])'").output
        #expect(links == "2\n")
    }

    @Test func aLayerHidesBeforeItShows() throws {
        let scratch = Scratch()
        let files: [TestFile] = [
            .directory("usr"), .file("usr/!first", [1]), .file("usr/.hidden", [2]),
            .file("usr/a", [3]), .directory("usr/new"), .file("usr/new/kept", [4]),
            .file("usr/new.conf", [5]), .link("usr/z", to: "usr/a"),
        ]
        let lines = [
            ("hole", "usr/gone"), ("hole", "top"), ("hole", "other/gone"), ("opaque", "usr/new"),
        ]
        let layer = draft(files, lines)
        let report = try OCIOutput().write(layer, to: scratch["a.tar"], OutputOptions())
        #expect(report.id == SHA256.hash(scratch.read("a.tar")))
        let names = Shell.run("tar -tf '\(scratch["a.tar"])'").output.split(separator: "\n")
        #expect(
            names == [
                ".wh.top", "other/.wh.gone", "usr/", "usr/.wh.gone", "usr/!first", "usr/.hidden",
                "usr/a", "usr/new/", "usr/new.conf", "usr/new/.wh..wh..opq", "usr/new/kept",
                "usr/z",
            ]
        )
        var options = ImportOptions()
        options.isLayer = true
        let packed = try Packer.pack(scratch["a.tar"], to: scratch["b.pak.zst"], options)
        #expect(packed.manifest.bytes.contains(Array("hole other/gone\nhole top\n".utf8)))
        #expect(packed.manifest.holes.count == 3)
        #expect(packed.manifest.opaques == [Array("usr/new".utf8)])
    }

    @Test func aNameThatWouldHideAnotherIsRefused() throws {
        let scratch = Scratch()
        #expect(throws: FileError(.invalid, "d/.wh.x: would hide a file of the image")) {
            _ = try OCIOutput().write(
                draft([.file("d/.wh.x", [])]),
                to: scratch["a.tar"],
                OutputOptions()
            )
        }
        #expect(scratch.names.isEmpty)
    }

    @Test func impliedDirectoriesAreListedInALayer() throws {
        let scratch = Scratch()
        var layer = draft([.file("a/b/x", [1])])
        layer.implied = ["a", "a/b"].map {
            Member(path: Array($0.utf8), type: .directory, permissions: 0o700)
        }
        _ = try OCIOutput().write(layer, to: scratch["a.tar"], OutputOptions())
        let list = Shell.run("tar -tvf '\(scratch["a.tar"])' | cut -c 1-10").output
        #expect(list == "drwx------\ndrwx------\n-rw-r--r--\n")
    }

    @Test func aDirectoryHasTheFiles() throws {
        let scratch = Scratch()
        let report = try DirectoryOutput().write(sample, to: scratch["d"], OutputOptions())
        #expect(report.losses.map(\.what) == ["a hole", "opaque"])
        let list = Shell.run("cd '\(scratch["d"])' && find . | LC_ALL=C sort").output
        #expect(
            list.split(separator: "\n") == [
                ".", "./usr", "./usr.x", "./usr/a.b", "./usr/bin", "./usr/bin/jq", "./usr/bin/q",
                "./usr/bin/z", "./usr/empty", "./usr/share", "./usr/share/doc",
                "./usr/share/doc/readme",
            ]
        )
        #expect(scratch.read("d/usr/bin/z") == pattern(300_000))
    }

    @Test func aLayerMayHideManyNames() throws {
        let scratch = Scratch()
        var layer = draft([.file("a", [1])])
        let holes = (0..<20_000).map { Array("usr/share/doc/gone-\($0)/copyright".utf8) }
        layer.manifest.add("hole", paths: holes)
        for format: any OutputFormat in [PackageOutput(), TarOutput()] {
            _ = try format.write(layer, to: scratch[format.suffix], OutputOptions())
        }
        let package = try open(scratch["pak.zst"])
        #expect(Set(package.manifest.holes) == Set(holes))
        #expect(Set(package.index.holes) == Set(holes))
        try package.verify()
        let tar = try #require(try Package.tar(HostFile(scratch["tar"])))
        #expect(tar.index.holes == package.index.holes)
    }

    @Test func aFileThatIsShorterThanItsMemberIsNamed() throws {
        let scratch = Scratch()
        var short = TestFile.file("d/short", [1, 2, 3])
        short.member.size = 5
        for format in OutputFormats.all {
            let error = #expect(throws: FileError.self) {
                _ = try format.write(draft([short]), to: scratch["x"], OutputOptions())
            }
            #expect(error?.context == "d/short: 3 bytes of 5")
        }
        #expect(scratch.names.isEmpty)
    }

    @Test func aPackageWrittenAgainIsTheSame() throws {
        let scratch = Scratch()
        let zeros = [UInt8](repeating: 0, count: 4096)
        var sparse = TestFile.file("opt/sparse", zeros + pattern(1024))
        sparse.member.size = 1 << 20
        sparse.member.segments = [.init(offset: 4096, length: 1024)]
        var owned = owned(.file("opt/owned", [1]), 7)
        owned.member.userName = Array("lp".utf8)
        owned.member.attributes = [ExtendedAttribute(name: Array("user.k".utf8), value: [1])]
        // A link has the attributes of its file.
        let files =
            PackageWriterTests.sample.filter { $0.member.hardLink == nil }
            + [sparse, owned, .link("usr/x", to: "usr/empty")]
        let first = try PackageOutput().write(
            draft(files, [("name", "s"), ("hole", "x")]),
            to: scratch["a.pak.zst"],
            OutputOptions()
        )
        let package = try open(scratch["a.pak.zst"])
        let second = try TarOutput().write(Draft(package), to: scratch["b"], OutputOptions())
        #expect(first.id == second.id)
    }

    private func open(_ path: String) throws -> Package {
        try #require(
            try Package.native(HostFile(path), cache: FrameCache(capacity: 1 << 20))
        )
    }

    @Test func framesOfAFormerVersionAreCopied() throws {
        let scratch = Scratch()
        let files: [TestFile] = (0..<40).map {
            .file("f/\($0)", pattern(90_000 + $0 * 1000, seed: UInt64($0)))
        }
        var options = OutputOptions()
        options.level = 1
        _ = try PackageOutput().write(draft(files), to: scratch["a.pak.zst"], options)
        let old = try open(scratch["a.pak.zst"])
        var changed = files
        changed[20] = .file("f/20", pattern(5000, seed: 99))
        options.level = 19
        let new = try PackageOutput(reusing: old)
            .write(draft(changed), to: scratch["b.pak.zst"], options)
        let plain = try TarOutput().write(draft(changed), to: scratch["b.tar"], options)
        #expect(new.id == plain.id)
        try open(scratch["b.pak.zst"]).verify()
        // Compressed at another level, a copied frame is told from one that is made.
        _ = try PackageOutput().write(draft(changed), to: scratch["c.pak.zst"], options)
        let sizes = ["a", "b", "c"].map { scratch.read("\($0).pak.zst").count }
        #expect(sizes[2] < sizes[1] && sizes[0] - sizes[1] > 60_000 / 8)
        let shared = Set(frames(scratch, "a")).intersection(frames(scratch, "b")).count
        #expect(shared >= 30)
    }

    /// The frames of a package, each as a hash of its compressed bytes.
    private func frames(_ scratch: Scratch, _ name: String) -> [ContentID] {
        let bytes = scratch.read("\(name).pak.zst")
        var starts: [Int] = []
        for at in 0..<bytes.count - 4
        where bytes[at..<at + 4].elementsEqual([0x28, 0xb5, 0x2f, 0xfd]) { starts.append(at) }
        return zip(starts, starts.dropFirst()).map { SHA256.hash(Array(bytes[$0..<$1])) }
    }

    @Test func formatsAreFoundByName() throws {
        for format in OutputFormats.all {
            #expect(try OutputFormats.named(format.name).suffix == format.suffix)
        }
        #expect(throws: FileError(.invalid, "zip: no format; there are pak, tar, oci, nar, dir")) {
            _ = try OutputFormats.named("zip")
        }
    }
}

/// Against vectors made by hand of the format's grammar: nix itself is not to be had here.
@Suite struct NarTests {
    /// Words as a nar has them, parted by spaces; `""` is the empty word.
    private func nar(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            let word = word == "\"\"" ? [] : Array(word.utf8)
            bytes += [UInt8(word.count), 0, 0, 0, 0, 0, 0, 0] + word
            while bytes.count % 8 != 0 { bytes.append(0) }
        }
        return bytes
    }

    @Test func aTreeIsSortedByNames() throws {
        let scratch = Scratch()
        let files: [TestFile] = [
            .file("a.c", Array("hello".utf8)), .directory("a"),
            owned(.file("a/run", Array("12345678".utf8)), 0, mode: 0o755), .symlink("a/b", "run"),
            .file("x/deep/e", []), .link("z", to: "a.c"),
        ]
        let report = try NarOutput().write(draft(files), to: scratch["a.nar"], OutputOptions())
        let expected = nar(
            """
            nix-archive-1 ( type directory
            entry ( name a node ( type directory
              entry ( name b node ( type symlink target run ) )
              entry ( name run node ( type regular executable "" contents 12345678 ) )
            ) )
            entry ( name a.c node ( type regular contents hello ) )
            entry ( name x node ( type directory
              entry ( name deep node ( type directory
                entry ( name e node ( type regular contents "" ) )
              ) )
            ) )
            entry ( name z node ( type regular contents hello ) )
            )
            """
        )
        #expect(scratch.read("a.nar") == expected)
        #expect(report.id == SHA256.hash(expected))
        #expect(report.losses.map(\.what) == ["a hard link: it is a file of its own"])
    }

    /// What `nix-store --dump` of an empty directory and of one large file begins with.
    @Test func theEmptyTreeIsSixWords() throws {
        let scratch = Scratch()
        _ = try NarOutput().write(draft([]), to: scratch["a.nar"], OutputOptions())
        var expected: [UInt8] = [13, 0, 0, 0, 0, 0, 0, 0]
        expected += Array("nix-archive-1\0\0\0".utf8)
        expected += [1, 0, 0, 0, 0, 0, 0, 0] + Array("(\0\0\0\0\0\0\0".utf8)
        expected += [4, 0, 0, 0, 0, 0, 0, 0] + Array("type\0\0\0\0".utf8)
        expected += [9, 0, 0, 0, 0, 0, 0, 0] + Array("directory\0\0\0\0\0\0\0".utf8)
        expected += [1, 0, 0, 0, 0, 0, 0, 0] + Array(")\0\0\0\0\0\0\0".utf8)
        #expect(scratch.read("a.nar") == expected)
    }

    @Test func whatANarCannotSayIsReported() throws {
        let scratch = Scratch()
        var fifo = TestFile(member: Member(path: [0x70], type: .fifo, permissions: 0o644))
        fifo.member.uid = 0
        var marked = TestFile.file("c", [1])
        marked.member.attributes = [ExtendedAttribute(name: Array("user.k".utf8), value: [1])]
        let files = [fifo, .link("q", to: "p"), owned(.file("s", []), 5, mode: 0o4755), marked]
        let lossy = draft(files, [("hole", "h"), ("opaque", "o")])
        let report = try NarOutput().write(lossy, to: scratch["a.nar"], OutputOptions())
        let losses = report.losses.map { "\(String(decoding: $0.path, as: UTF8.self)): \($0.what)" }
        #expect(
            losses == [
                "h: a hole", "o: opaque", "c: attribute user.k",
                "p: neither a file, a link nor a directory: left out",
                "q: neither a file, a link nor a directory: left out",
                "s: owner 5:0", "s: mode bits 4000",
            ]
        )
        #expect(!scratch.read("a.nar").contains(UInt8(ascii: "q")))
    }

    @Test func aLargeFileIsWhole() throws {
        let scratch = Scratch()
        let bytes = pattern(700_003)
        _ = try NarOutput().write(draft([.file("f", bytes)]), to: scratch["a.nar"], OutputOptions())
        let front = nar(
            "nix-archive-1 ( type directory entry ( name f node ( type regular contents"
        )
        let size: [UInt8] = [0x63, 0xae, 0x0a, 0, 0, 0, 0, 0]
        let back = [UInt8](repeating: 0, count: 5) + nar(") ) )")
        #expect(scratch.read("a.nar") == front + size + bytes + back)
    }
}
