import Archive
import FileTree
import Glibc
import Testing

/// All bytes of a file of a package, by reads of odd lengths.
func contents(_ package: Package, _ path: String, piece: Int = 10_007) throws -> [UInt8] {
    let entry = try #require(package.index.entry(atPath: path.utf8))
    let file = try package.open(package.index.inodeNumber(entry))
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: piece)
    while true {
        let count = try buffer.withUnsafeMutableBytes {
            try file.read(into: $0, at: UInt64(all.count))
        }
        if count == 0 { return all }
        all += buffer[..<count]
    }
}

/// All bytes of a file of a package, by extents where there are any.
func contentsByExtents(_ package: Package, _ path: String) throws -> [UInt8] {
    let entry = try #require(package.index.entry(atPath: path.utf8))
    let inode = package.index.inode(package.index.inodeNumber(entry))
    let file = try package.open(inode.number)
    var all: [UInt8] = []
    while UInt64(all.count) < inode.size {
        let extent = try #require(try file.extent(at: UInt64(all.count), count: 65_536))
        switch extent.place {
        case .memory(let start):
            all += UnsafeRawBufferPointer(start: start, count: extent.count)
        case .descriptor(let descriptor, let offset):
            var buffer = [UInt8](repeating: 0, count: extent.count)
            #expect(pread(descriptor, &buffer, buffer.count, off_t(offset)) == buffer.count)
            all += buffer
        }
    }
    return all
}

@Suite struct PackageTests {
    let scratch = Scratch()

    func open(_ name: String, cache: FrameCache = FrameCache()) throws -> Package {
        try #require(try Package.native(HostFile(scratch[name]), cache: cache))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var manifest = Manifest()
        manifest.add("name", "sample")
        let id = try writePackage(
            scratch,
            "a.pak.zst",
            PackageWriterTests.sample,
            manifest: manifest
        )
        let package = try open("a.pak.zst")
        #expect(package.id == id)
        #expect(package.name == "sample")
        #expect(package.manifest == manifest)
        for file in PackageWriterTests.sample {
            let path = String(decoding: file.member.path, as: UTF8.self)
            let entry = try #require(package.index.entry(atPath: file.member.path))
            let inode = package.index.inode(package.index.inodeNumber(entry))
            switch file.member.type {
            case .symlink:
                #expect(Array(package.index.linkTarget(inode)) == file.member.linkTarget)
            case .regular where file.member.hardLink == nil:
                #expect(try contents(package, path) == file.bytes)
                #expect(try contentsByExtents(package, path) == file.bytes)
                #expect(try package.hash(inode.number) == SHA256.hash(file.bytes))
            default: break
            }
        }
    }

    @Test(arguments: [0, 1, 511, 512, 65_535, 65_536, 131_071, 131_072, 131_073, 196_608, 262_144])
    func filesOfEverySizeAroundAFrameComeBack(size: Int) throws {
        let bytes = pattern(size)
        let files: [TestFile] = [
            .file("a", pattern(3000)), .file("b", bytes), .file("c", pattern(70_000)),
            .file("d", bytes), .file("e", [1, 2, 3]),
        ]
        try writePackage(scratch, "a.pak.zst", files)
        let package = try open("a.pak.zst")
        for file in files {
            let path = String(decoding: file.member.path, as: UTF8.self)
            #expect(try contents(package, path) == file.bytes)
            #expect(try contentsByExtents(package, path) == file.bytes)
        }
    }
}

/// A sparse file of these runs, each of one letter.
func sparseFile(_ path: String, size: UInt64, _ runs: [(UInt64, Int)]) -> TestFile {
    var file = TestFile.file(path, [])
    file.member.size = size
    file.member.segments = runs.map { .init(offset: $0.0, length: UInt64($0.1)) }
    for (number, run) in runs.enumerated() {
        file.bytes += [UInt8](repeating: 65 + UInt8(number % 26), count: run.1)
    }
    return file
}

@Suite struct PackageContentsTests {
    let scratch = Scratch()

    func open(_ name: String, cache: FrameCache = FrameCache()) throws -> Package {
        try #require(try Package.native(HostFile(scratch[name]), cache: cache))
    }

    @Test(arguments: [10, 1024, 100_000])
    func sparseFilesAreZerosBetweenTheirRuns(length: Int) throws {
        let runs: [(UInt64, Int)] = [(4096, length), (1_000_000, length), (1_500_000, 3)]
        let file = sparseFile("s", size: 2_000_000, runs)
        var expected = [UInt8](repeating: 0, count: 2_000_000)
        for (number, run) in runs.enumerated() {
            for at in 0..<run.1 { expected[Int(run.0) + at] = 65 + UInt8(number) }
        }
        try writePackage(scratch, "a.pak.zst", [.file("a", [1]), file, .file("t", [2])])
        let package = try open("a.pak.zst")
        #expect(try contents(package, "s") == expected)
        let entry = try #require(package.index.entry(atPath: "s".utf8))
        let inode = package.index.inode(package.index.inodeNumber(entry))
        // Whole blocks, for the programs that read each run from a block's start.
        #expect(package.index.allocated(inode) == UInt64(2 * ((length + 511) & ~511) + 512))
        #expect(package.index.hash(inode) == SHA256.hash(expected))
        let opened = try package.open(inode.number)
        #expect(try opened.extent(at: 0, count: 100) == nil)
        let end = UInt64(4096 + (length + 511) & ~511)
        #expect(try opened.stretch(at: 100) == Stretch(isHole: true, end: 4096))
        #expect(try opened.stretch(at: 4100) == Stretch(isHole: false, end: end))
        #expect(try opened.stretch(at: end) == Stretch(isHole: true, end: 1_000_000))
        #expect(try opened.stretch(at: 1_999_999) == Stretch(isHole: true, end: .max))
        #expect(
            try opened.extent(at: 4100, count: 1000)?.count == min(1000, (length + 511) & ~511 - 4)
        )
        try package.verify()
        if Shell.has("zstd"), Shell.has("tar") {
            let result = Shell.run(
                """
                cd '\(scratch.path)' && mkdir x && zstd -dqc a.pak.zst | tar xf - -C x &&
                zstd -dqc a.pak.zst > a.tar && mkdir y && tar xf a.tar -C y && cmp x/s y/s
                """
            )
            #expect(result.status == 0, "\(result.output)")
            #expect(scratch.read("x/s") == expected)
        }
    }

    @Test func aHoleOfATerabyteTakesNoTimeAndHasNoHash() throws {
        let file = sparseFile("s", size: 1 << 40, [(1 << 39, 3)])
        try writePackage(scratch, "a.pak.zst", [file])
        let package = try open("a.pak.zst")
        try package.verify()
        let inode = package.index.inode(package.index.inodeNumber(1))
        #expect(inode.size == 1 << 40)
        #expect(package.index.hash(inode) == nil)
        let hash = try package.hash(inode.number)
        #expect(try package.hash(inode.number) == hash)
        let other = sparseFile("s", size: 1 << 40, [(1 << 38, 3)])
        try writePackage(scratch, "b.pak.zst", [other])
        #expect(try open("b.pak.zst").hash(inode.number) != hash)
        var buffer: [UInt8] = [9, 9, 9, 9, 9]
        let count = try buffer.withUnsafeMutableBytes {
            try package.open(inode.number).read(into: $0, at: 1 << 39 - 1)
        }
        #expect(count == 5)
        #expect(buffer == [0, 65, 65, 65, 0])
    }

    @Test func oddNamesOwnersAttributesAndTimesComeBack() throws {
        let long = String(repeating: "n", count: 255)
        let deep = Array(repeating: "d", count: 255).joined(separator: "/")
        var files: [TestFile] = [
            .file(long, [1]), .file("dir/" + long + "/" + long, [2]), .file(deep, [3]),
            .file(Array("bad-".utf8) + [0xff, 0xfe, 0x0a, 0x25], [4]),
            .file(Array((long + "/").utf8.dropLast(5)) + [0xff], [5]),
            .symlink("link", String(repeating: "t", count: 4095)),
        ]
        files[0].member.uid = 3_000_000
        files[0].member.gid = 7
        files[0].member.userName = Array("somebody with a name of more than 31".utf8)
        files[0].member.groupName = Array("grüppe".utf8)
        files[0].member.modified = Timestamp(seconds: -5, nanoseconds: 250_000_000)
        files[1].member.modified = Timestamp(seconds: 1 << 33 - 1, nanoseconds: 1)
        files[1].member.permissions = 0o6755
        files[2].member.attributes = [
            ExtendedAttribute(name: Array("security.capability".utf8), value: [0, 1, 10, 61]),
            ExtendedAttribute(name: Array("user.a=b%".utf8), value: []),
        ]
        var device = Member(path: Array("null".utf8), type: .characterDevice, permissions: 0o666)
        device.device = DeviceNumber.join(major: 1, minor: 300)
        files.append(TestFile(member: device))
        files.append(
            TestFile(member: Member(path: Array("p".utf8), type: .fifo, permissions: 0o600))
        )
        try writePackage(scratch, "a.pak.zst", files)
        let package = try open("a.pak.zst")
        try package.verify()
        let index = package.index
        for file in files {
            let member = file.member
            let entry = try #require(index.entry(atPath: member.path), "\(member.displayPath)")
            #expect(index.path(entry) == member.path)
            let inode = index.inode(index.inodeNumber(entry))
            #expect(inode.mode == Mode(member.type, member.permissions))
            #expect(inode.uid == member.uid)
            #expect(inode.gid == member.gid)
            #expect(inode.modified == member.modified)
            #expect(Array(index.linkTarget(inode)) == member.linkTarget)
            #expect(index.device(inode) == member.device)
            var attributes: [ExtendedAttribute] = []
            index.forEachAttribute(inode) { name, value in
                attributes.append(ExtendedAttribute(name: Array(name), value: Array(value)))
                return true
            }
            #expect(attributes == member.attributes)
        }
        #expect(index.userName(3_000_000) == files[0].member.userName)
        #expect(index.groupName(7) == files[0].member.groupName)
        #expect(index.userName(12) == nil)
    }

    @Test func linksOfOneFileAreOneInode() throws {
        let files: [TestFile] = [
            .file("a/f", [1, 2]), .link("b", to: "a/f"), .link("c", to: "b"), .file("d", [1, 2]),
        ]
        try writePackage(scratch, "a.pak.zst", files)
        let index = try open("a.pak.zst").index
        let inodes = try ["a/f", "b", "c", "d"].map { path in
            index.inodeNumber(try #require(index.entry(atPath: path.utf8)))
        }
        #expect(inodes[0] == inodes[1] && inodes[1] == inodes[2] && inodes[2] != inodes[3])
        #expect(index.inode(inodes[0]).links == 3)
        #expect(index.inode(inodes[3]).links == 1)
    }

    @Test func aLinkToWhatHasNotComeIsRefused() throws {
        let descriptor = scratch.create("x")
        defer { close(descriptor) }
        var writer = try PackageWriter(to: descriptor, manifest: Manifest())
        #expect(throws: FileError.self) { try writer.append(TestFile.link("a", to: "b").member) }
    }

    @Test func membersOutOfOrderOrWithMissingBytesAreRefused() throws {
        let descriptor = scratch.create("x")
        defer { close(descriptor) }
        var writer = try PackageWriter(to: descriptor, manifest: Manifest())
        try writer.append(TestFile.file("b", []).member)
        #expect(throws: FileError.self) { try writer.append(TestFile.file("a", []).member) }
        #expect(throws: FileError.self) { try writer.append(TestFile.file("b", []).member) }
        try writer.append(TestFile.file("c", [1, 2]).member)
        #expect(throws: FileError.self) { try writer.append(TestFile.file("d", []).member) }
        #expect(throws: FileError.self) {
            try [UInt8](repeating: 0, count: 3).withUnsafeBytes { try writer.write($0) }
        }
        #expect(throws: FileError.self) { try writer.finish() }
    }

    @Test func theSamePackageIsTheSameBytesAtAnyLevelAndPieceOfWriting() throws {
        let files = PackageWriterTests.sample
        let a = try writePackage(scratch, "a", files, piece: 1000)
        let b = try writePackage(scratch, "b", files.reversed(), piece: 1 << 20)
        let c = try writePackage(scratch, "c", files, level: 9)
        #expect(a == b && b == c)
        #expect(scratch.read("a") == scratch.read("b"))
        for name in ["a", "b", "c"] { try open(name).verify() }
    }

    /// The identity of a small package, as `sha256sum` gives it of what `zstd -d` writes: it may
    /// never change.
    @Test func theCanonicalTarIsTheSameForEver() throws {
        var manifest = Manifest()
        manifest.add("name", "vector")
        manifest.add("hole", path: Array("usr/a b".utf8))
        var file = TestFile.file("usr/bin/hello", Array("hello\n".utf8), permissions: 0o755)
        file.member.modified = Timestamp(seconds: 1_700_000_000, nanoseconds: 120_000_000)
        file.member.userName = Array("root".utf8)
        let files = [.directory("usr"), file, .symlink("usr/hi", "bin/hello")]
        let id = try writePackage(scratch, "v", files, manifest: manifest)
        #expect(
            id.description == "b0c0552e20ef547145da9da24cf46c37be522df4d788dfe9ec24aeadf6b8aca1"
        )
        let package = try open("v")
        #expect(package.index.holes == [Array("usr/a b".utf8)])
        #expect(package.index.entryCount == 5)
        try package.verify()
    }

    @Test func aPackageCutAnywhereIsAnErrorOrNoPackage() throws {
        try writePackage(scratch, "a", [.file("a", pattern(3000)), .file("b", [1])])
        let whole = scratch.read("a")
        for length in 0..<whole.count {
            scratch.write("cut", Array(whole[..<length]))
            let file = try HostFile(scratch["cut"])
            do {
                let package = try Package.native(file, cache: FrameCache())
                #expect(package == nil, "\(length) bytes")
            } catch {
                #expect(error.kind == .malformed, "\(length) bytes: \(error)")
            }
        }
    }

    @Test func damageIsFoundAndNeverEndsTheProcess() throws {
        let files: [TestFile] = [
            .directory("d"), .file("d/a", pattern(200_000)), .symlink("d/l", "a"),
            .link("e", to: "d/a"), .file("f", [1, 2, 3]), sparseFile("s", size: 9999, [(50, 8)]),
        ]
        let id = try writePackage(scratch, "a", files)
        let sound = try open("a")
        let whole = scratch.read("a")
        var unharmed = 0
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed)
        for _ in 0..<400 {
            var bad = whole
            // Most of the damage where the index is.
            let low = Bool.random(using: &random) ? max(0, bad.count - 1500) : 0
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: low..<bad.count, using: &random)
                bad[at] ^= UInt8(1 << Int.random(in: 0...7, using: &random))
            }
            if bad == whole { continue }
            scratch.write("bad", bad)
            do {
                let file = try HostFile(scratch["bad"])
                guard let package = try Package.native(file, cache: FrameCache()) else { continue }
                readAll(package)
                do {
                    try package.verify()
                } catch {
                    continue
                }
                // zstd has bits that mean nothing; then all is as it was.
                #expect(package.id == id, "seed \(seed)")
                #expect(package.index.bytes.elementsEqual(sound.index.bytes), "seed \(seed)")
                #expect(try contents(package, "d/a") == files[1].bytes, "seed \(seed)")
                unharmed += 1
            } catch let error as FileError {
                #expect(error.context?.contains("bad") == true, "\(error), seed \(seed)")
            }
        }
        #expect(unharmed < 10, "seed \(seed)")
    }

    /// Looks at everything there is, whatever it says.
    private func readAll(_ package: Package) {
        let index = package.index
        var buffer = [UInt8](repeating: 0, count: 5000)
        for entry in 0..<UInt32(index.entryCount) {
            _ = index.path(entry)
            _ = index.children(entry).count
            _ = index.lookup(entry, index.name(entry))
            let inode = index.inode(index.inodeNumber(entry))
            _ = (index.linkTarget(inode).count, index.device(inode), index.hash(inode))
            index.forEachAttribute(inode) { _, _ in true }
            for offset in [0, 1000, 150_000, 9000, 1 << 40] as [UInt64] {
                do {
                    let file = try package.open(inode.number)
                    _ = file.isReady(at: offset, count: 5000)
                    _ = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
                    _ = try file.extent(at: offset, count: 70_000)
                } catch { continue }
            }
        }
        _ = (index.holes, index.userName(1), index.isIntact)
    }

    @Test func aDamagedFrameNamesFileMemberAndReason() throws {
        try writePackage(scratch, "a", [.file("big", pattern(300_000)), .file("c", [1])])
        var bytes = scratch.read("a")
        bytes[20_000] ^= 1
        scratch.write("bad", bytes)
        let package = try open("bad")
        let error = try #require(throws: FileError.self) { try contents(package, "big") }
        #expect(error.kind == .malformed)
        #expect(error.context?.contains(scratch["bad"] + ": big: frame ") == true, "\(error)")
        #expect(throws: FileError.self) { try package.verify() }
    }

    @Test func anIndexCutWhileItIsMappedReadsAsZeros() throws {
        let files = (0..<3000).map { TestFile.file("file-with-a-long-name-\($0)", []) }
        try writePackage(scratch, "a", files)
        let package = try open("a")
        #expect(package.index.bytes.count > 100_000)
        #expect(truncate(scratch["a"], 0) == 0)
        readAll(package)
        #expect(package.index.isIntact == false)
    }

    @Test(.enabled(if: Shell.has("bsdtar") && Shell.has("tar"), "needs bsdtar and GNU tar"))
    func otherProgramsUnpackWhatWeWrite() throws {
        var files = PackageWriterTests.sample
        files.append(.file(String(repeating: "l", count: 200) + "/x", [1]))
        files.append(.file(Array("odd-".utf8) + [0xff, 0x01], [4]))
        try writePackage(scratch, "a.pak.zst", files)
        for command in ["bsdtar -xf", "tar --zstd -xf"] {
            let result = Shell.run(
                "cd '\(scratch.path)' && rm -rf x && mkdir x && \(command) a.pak.zst -C x"
            )
            #expect(result.status == 0, "\(command): \(result.output)")
            #expect(result.output.isEmpty, "\(command): \(result.output)")
            #expect(scratch.read("x/usr/bin/z") == scratch.read("x/usr/bin/jq"))
            #expect(scratch.read("x/usr/bin/jq") == pattern(300_000))
            #expect(scratch.read("x/\(String(repeating: "l", count: 200))/x") == [1])
        }
    }
}
