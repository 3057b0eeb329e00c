import Archive
import FileTree
import Glibc
import Testing

/// A tar in memory.
final class BytesSource: TarSource {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var size: UInt64 { UInt64(bytes.count) }
    var path: String { "test.tar" }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset < size else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}

/// One line a member: type, mode, owner, size, path, target.
func listing(_ source: any TarSource) throws -> [String] {
    var reader = TarReader(source)
    var lines: [String] = []
    while let member = try reader.read() {
        var line = "\(member.type) \(String(member.permissions, radix: 8)) \(member.size) "
        line += member.displayPath
        if !member.linkTarget.isEmpty { line += " -> " + PathText.display(member.linkTarget) }
        if let link = member.hardLink { line += " = " + PathText.display(link) }
        lines.append(line)
    }
    return lines
}

/// Makes a folder `tree` of files of many kinds; gives its long name.
private func makeTree(_ scratch: Scratch, long: String) {
    let result = Shell.run(
        """
        cd '\(scratch.path)' && mkdir -p tree/sub/\(long) && cd tree &&
        printf hello > a && chmod 640 a && ln a b && ln -s a c &&
        printf x > sub/\(long)/file && : > empty && mkfifo fifo &&
        ln -s \(long)\(long) sub/l && chmod 755 . sub sub/\(long) && chmod 644 empty fifo \
        sub/\(long)/file && touch -d '2001-02-03 04:05:06.789 UTC' a
        """
    )
    #expect(result.status == 0, "\(result.output)")
}

@Suite struct TarReaderTests {
    let scratch = Scratch()

    private func expected(_ long: String, fifo: Bool = true, links: Bool = true) -> Set<String> {
        var lines: Set<String> = [
            "directory 755 0 ", "regular 640 5 a", "symlink 777 0 c -> a", "regular 644 0 empty",
            "directory 755 0 sub", "directory 755 0 sub/\(long)", "regular 644 1 sub/\(long)/file",
            "symlink 777 0 sub/l -> \(long)\(long)", "regular 640 0 b = a",
        ]
        if fifo { lines.insert("fifo 644 0 fifo") }
        return lines
    }

    private func check(_ command: String, long: String) throws {
        makeTree(scratch, long: long)
        let made = Shell.run("cd '\(scratch.path)' && \(command)")
        try #require(made.status == 0, "\(made.output)")
        // Either name of a linked file may come first.
        let lines = Set(try listing(HostFile(scratch["out.tar"]))).map {
            $0.replacingEnds("regular 640 5 b", "regular 640 5 a")
                .replacingEnds("regular 640 0 a = b", "regular 640 0 b = a")
        }
        #expect(Set(lines) == expected(long))
    }

    @Test(
        .enabled(if: Shell.has("tar"), "needs GNU tar"),
        arguments: ["ustar", "gnu", "oldgnu", "pax", "posix"]
    )
    func gnuTarsFormatsAreRead(format: String) throws {
        try check(
            "tar --format=\(format) -cf out.tar -C tree .",
            long: String(repeating: "d", count: format == "ustar" ? 45 : 150)
        )
    }

    @Test(.enabled(if: Shell.has("tar"), "needs GNU tar"))
    func tarsOfTheSeventhEditionAreRead() throws {
        _ = Shell.run("cd '\(scratch.path)' && mkdir t && printf hi > t/f && ln -s f t/l")
        let made = Shell.run("cd '\(scratch.path)' && tar --format=v7 -cf out.tar t/f t/l t")
        try #require(made.status == 0, "\(made.output)")
        let lines = try listing(HostFile(scratch["out.tar"]))
        #expect(lines.first == "regular 644 2 t/f")
        #expect(lines.contains("symlink 777 0 t/l -> f"))
        #expect(lines.contains { $0.hasPrefix("directory") && $0.hasSuffix(" t") })
    }

    @Test(
        .enabled(if: Shell.has("bsdtar"), "needs bsdtar"),
        arguments: ["ustar", "pax", "gnutar"]
    )
    func bsdtarsFormatsAreRead(format: String) throws {
        try check(
            "bsdtar --format=\(format) -cf out.tar -C tree .",
            long: String(repeating: "d", count: format == "ustar" ? 45 : 150)
        )
    }

    @Test(
        .enabled(if: Shell.has("tar"), "needs GNU tar"),
        arguments: [
            "--format=gnu", "--format=posix --sparse-version=0.0",
            "--format=posix --sparse-version=0.1", "--format=posix --sparse-version=1.0",
        ]
    )
    func sparseFilesOfEveryKindAreRead(options: String) throws {
        let made = Shell.run(
            """
            cd '\(scratch.path)' && truncate -s 3M s && for i in 0 1 2 3 4 5 6 7; do
            printf "run$i" | dd of=s bs=1 seek=$((i * 300000)) conv=notrunc status=none; done &&
            tar \(options) -S -cf out.tar s && ls -ls s
            """
        )
        try #require(made.status == 0, "\(made.output)")
        let file = try HostFile(scratch["out.tar"])
        let package = try #require(try Package.tar(file))
        let inode = package.index.inode(0)
        #expect(inode.size == 3 << 20)
        #expect(inode.isSparse)
        #expect(package.index.allocated(inode) < 1 << 20)
        #expect(try contents(package, "s") == scratch.read("s"))
    }

    @Test func globalHeadersHoldForAllMembersUntilTakenBack() throws {
        var tar = paxHeader("g", Array("16 uname=daniel\n".utf8))
        tar += header("a", type: "0")
        tar += paxHeader("x", Array("9 uname=\n".utf8))
        tar += header("b", type: "0")
        tar += [UInt8](repeating: 0, count: 1024)
        var reader = TarReader(BytesSource(tar))
        #expect(try reader.read()?.userName == Array("daniel".utf8))
        #expect(try reader.read()?.userName == [])
    }

    @Test(arguments: [
        ("../x", "has .."), ("/etc/passwd", "is absolute"), ("a/../../b", "has .."),
        (".pak/x", ".pak"), (String(repeating: "a", count: 256), "255 bytes"),
    ])
    func hostilePathsAreRefusedWithMemberAndOffset(path: String, reason: String) throws {
        var tar = paxHeader("x", record("path", path))
        tar += header("x", type: "0")
        tar += [UInt8](repeating: 0, count: 1024)
        var reader = TarReader(BytesSource(tar))
        let error = try #require(throws: FileError.self) { try reader.read() }
        #expect(error.kind == .malformed)
        let context = try #require(error.context)
        #expect(context.contains("test.tar: offset 0"), "\(context)")
        #expect(context.contains(reason), "\(context)")
        #expect(context.contains(String(path.prefix(100))), "\(context)")
    }

    @Test func sizesThatDoNotFitAreRefused() {
        for size in ["77777777777", "-1", "99999999999"] {
            var tar = header("a", type: "0", size: size)
            tar += [UInt8](repeating: 0, count: 1024)
            var reader = TarReader(BytesSource(tar))
            #expect(throws: FileError.self) { try reader.read() }
        }
        var tar = paxHeader("x", record("size", "18446744073709551615"))
        tar += header("a", type: "0")
        tar += [UInt8](repeating: 0, count: 1024)
        var reader = TarReader(BytesSource(tar))
        #expect(throws: FileError.self) { try reader.read() }
    }

    @Test func attributesWithoutEndAreRefused() throws {
        let names = (0..<5000).flatMap { record("SCHILY.xattr.user.\($0)", "") }
        var tar = paxHeader("x", names)
        tar += header("a", type: "0")
        tar += [UInt8](repeating: 0, count: 1024)
        var reader = TarReader(BytesSource(tar))
        let error = try #require(throws: FileError.self) { try reader.read() }
        #expect(error.context?.hasSuffix("too many attributes") == true)
    }

    @Test func aTarCutAnywhereIsAnError() throws {
        var tar = header("a", type: "0", size: "5") + block("hello")
        tar += paxHeader("x", record("path", "b")) + header("x", type: "0")
        tar += header("c", type: "5")
        let whole = tar + [UInt8](repeating: 0, count: 1024)
        #expect(try listing(BytesSource(whole)).count == 3)
        for length in 0...tar.count {
            #expect(throws: FileError.self, "\(length)") {
                try listing(BytesSource(Array(whole[..<length])))
            }
        }
    }

    @Test func damageNeverEndsTheProcess() throws {
        var tar = header("a", type: "0", size: "5") + block("hello")
        tar += paxHeader("x", record("GNU.sparse.major", "1") + record("GNU.sparse.realsize", "9"))
        tar += header("s", type: "0", size: "1000") + block("1\n3\n5\n") + block("world")
        tar += header("l", type: "S", size: "0") + [UInt8](repeating: 0, count: 1024)
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed)
        for _ in 0..<3000 {
            var bad = tar
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<bad.count, using: &random)
                bad[at] = UInt8.random(in: 0...255, using: &random)
                fixChecksum(&bad, at / 512 * 512)
            }
            // Whatever it says, it says it; seed in the name of what would have gone wrong.
            do { _ = try listing(BytesSource(bad)) } catch let error as FileError {
                #expect(error.kind != .notFound, "seed \(seed)")
            }
        }
    }
}

/// A generator whose seed can be printed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

func block(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}

func record(_ key: String, _ value: String) -> [UInt8] {
    let rest = key.utf8.count + value.utf8.count + 3
    var digits = 1
    while "\(rest + digits)".utf8.count > digits { digits += 1 }
    return Array("\(rest + digits) \(key)=\(value)\n".utf8)
}

func paxHeader(_ type: String, _ body: [UInt8]) -> [UInt8] {
    header("pax", type: type, size: String(body.count, radix: 8))
        + body + [UInt8](repeating: 0, count: (512 - body.count % 512) % 512)
}

/// A ustar header; `size` is put as it is.
func header(_ name: String, type: String, size: String = "0") -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
        bytes.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(name, 0)
    put("0000644", 100)
    put("0000000", 108)
    put("0000000", 116)
    put(size, 124)
    put("0", 136)
    put(type, 156)
    put("ustar\u{0}00", 257)
    fixChecksum(&bytes, 0)
    return bytes
}

func fixChecksum(_ bytes: inout [UInt8], _ start: Int) {
    guard start + 512 <= bytes.count else { return }
    for at in 148..<156 { bytes[start + at] = 32 }
    var sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
    for at in (148..<154).reversed() {
        bytes[start + at] = 48 + UInt8(sum & 7)
        sum >>= 3
    }
    bytes[start + 154] = 0
}

extension String {
    fileprivate func replacingEnds(_ old: String, _ new: String) -> String {
        self == old ? new : self
    }
}
