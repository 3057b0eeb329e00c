import CLinux
import FileTree
import Glibc
import Testing

@testable import Archive

@Suite struct ImportCacheTests {
    let scratch = Scratch()

    /// A compressed tar of one file, old enough to be remembered by its times.
    private func makeArchive(_ name: String, _ text: String) {
        let made = Shell.run(
            "cd '\(scratch.path)' && mkdir -p t && echo '\(text)' >t/f && tar -C t -czf \(name) f && sleep 0.2"
        )
        #expect(made.status == 0, "\(made.output)")
    }

    private func open(_ name: String, _ cache: ImportCache) throws -> Package {
        try Package.open(scratch[name], frames: FrameCache(), imports: cache)
    }

    private func text(_ package: Package) throws -> String { try Self.text(package) }

    private static func text(_ package: Package) throws -> String {
        let entry = try #require(package.index.entry(atPath: "f".utf8))
        let file = try package.open(package.index.inodeNumber(entry))
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func names(_ folder: String) -> [String] {
        Shell.run("ls -A '\(scratch["cache"])/\(folder)'").output
            .split(separator: "\n").map(String.init)
    }

    @Test func anArchiveIsImportedOnceAndFoundAgain() throws {
        makeArchive("a.tar.gz", "one")
        let cache = ImportCache(scratch["cache"])
        let first = try open("a.tar.gz", cache)
        #expect(try text(first) == "one\n")
        #expect(first.path == scratch["a.tar.gz"])
        #expect(names("packages") == ["\(first.id).pak.zst"])
        let made = Shell.run("stat -c %Y.%i '\(scratch["cache"])'/packages/*").output
        // The same file, another file of the same bytes, and another process's cache.
        _ = Shell.run("cd '\(scratch.path)' && mkdir b && cp a.tar.gz b/a.tar.gz")
        #expect(try open("a.tar.gz", cache).id == first.id)
        #expect(try open("b/a.tar.gz", ImportCache(scratch["cache"])).id == first.id)
        #expect(Shell.run("stat -c %Y.%i '\(scratch["cache"])'/packages/*").output == made)
        #expect(names("seen").count == 1)
    }

    @Test func anArchiveThatChangedIsImportedAnew() throws {
        makeArchive("a.tar.gz", "one")
        let cache = ImportCache(scratch["cache"])
        #expect(try text(open("a.tar.gz", cache)) == "one\n")
        makeArchive("a.tar.gz", "two")
        #expect(try text(open("a.tar.gz", cache)) == "two\n")
        #expect(names("packages").count == 2)
    }

    @Test func anArchiveThatCannotBeNotedIsImportedAllTheSame() throws {
        makeArchive("a.tar.gz", "one")
        let cache = ImportCache(scratch["cache"])
        _ = Shell.run("cd '\(scratch["cache"])' && rm -r memo seen && touch memo seen")
        #expect(try text(open("a.tar.gz", cache)) == "one\n")
        #expect(try text(open("a.tar.gz", cache)) == "one\n")
        #expect(names("packages").count == 1)
    }

    @Test func whereNothingCanBeKeptThePackageIsServedAllTheSame() throws {
        makeArchive("a.tar.gz", "one")
        scratch.write("file", [])
        for cache in [ImportCache(nil), ImportCache(scratch["file/cache"])] {
            #expect(!cache.isKept)
            var package: Package? = try open("a.tar.gz", cache)
            #expect(try text(#require(package)) == "one\n")
            // A file that is open stays readable when its package has gone.
            let entry = try #require(package?.index.entry(atPath: "f".utf8))
            let file = try package?.open(#require(package?.index.inodeNumber(entry)))
            package = nil
            var byte: [UInt8] = [0]
            #expect(try byte.withUnsafeMutableBytes { try file?.read(into: $0, at: 1) } == 1)
            #expect(byte == [UInt8(ascii: "n")])
        }
    }

    @Test func whatIsOverTheLimitGoesByItsLastUseButNotWhatIsInUse() throws {
        for name in ["a", "b", "c"] { makeArchive("\(name).tar.gz", name) }
        let other = ImportCache(scratch["cache"])
        let used = try open("a.tar.gz", other)
        do {
            let old = ImportCache(scratch["cache"])
            _ = try open("b.tar.gz", old)
        }
        // Another process with room for nothing: b is nobody's any more, a is in use.
        let small = ImportCache(scratch["cache"], limit: 1)
        let last = try open("c.tar.gz", small)
        #expect(Set(names("packages")) == ["\(used.id).pak.zst", "\(last.id).pak.zst"])
        #expect(names("memo").count == 2)
        #expect(names("lease").count == 2)
        #expect(try text(used) == "a\n")
        // What was removed is made again.
        #expect(try text(open("b.tar.gz", other)) == "b\n")
    }

    @Test func aFailedImportLeavesNothing() throws {
        makeArchive("a.tar.gz", "one")
        let whole = scratch.read("a.tar.gz")
        scratch.write("cut.tar.gz", Array(whole.dropLast(9)))
        let cache = ImportCache(scratch["cache"])
        #expect(throws: FileError.self) { try open("cut.tar.gz", cache) }
        for folder in ["packages", "memo", "seen", "lease"] { #expect(names(folder) == []) }
    }

    @Test func aDamagedPackageInTheCacheIsMadeAgain() throws {
        makeArchive("a.tar.gz", "one")
        let id = try open("a.tar.gz", ImportCache(scratch["cache"])).id
        scratch.write("cache/packages/\(id).pak.zst", [1, 2, 3])
        let package = try open("a.tar.gz", ImportCache(scratch["cache"]))
        #expect(package.id == id)
        #expect(try text(package) == "one\n")
    }

    @Test func manyThatImportAtOnceDoEachOtherNoHarm() async throws {
        for name in ["a", "b"] { makeArchive("\(name).tar.gz", name) }
        let folder = scratch["cache"]
        let path = scratch.path
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<12 {
                // Each is its own cache, as in a process of its own, with room for one package.
                let name = number % 2 == 0 ? "a" : "b"
                group.addTask {
                    let cache = ImportCache(folder, limit: 1)
                    let package = try Package.open(
                        "\(path)/\(name).tar.gz",
                        frames: FrameCache(),
                        imports: cache
                    )
                    return try withExtendedLifetime(cache) { try name + ":" + Self.text(package) }
                }
            }
            var texts: Set<String> = []
            for try await text in group { texts.insert(text) }
            return texts
        }
        #expect(texts == ["a:a\n", "b:b\n"])
        #expect(names("packages").allSatisfy { $0.count == 64 + ".pak.zst".count })
    }

    @Test(.disabled(if: !Programs.has("pakfs"), "the pakfs command has not been built"))
    func importsThatAreKilledLeaveNothingHalfMade() throws {
        let made = Shell.run(
            """
            cd '\(scratch.path)' && mkdir t && echo one >t/f && head -c 20000000 /dev/urandom >t/g
            tar -C t -czf a.tar.gz f g && sleep 0.2
            export XDG_CACHE_HOME='\(scratch.path)/xdg'
            for n in 05 1 2 3 4 5 6 7; do
                timeout -s KILL 0.$n '\(Programs.path("pakfs"))' -l "unix!$PWD/s$n" a.tar.gz &
                timeout -s KILL 0.$n '\(Programs.path("pak"))' pack a.tar.gz -o killed.pak.zst &
            done
            wait; rm -f s?*
            """
        )
        #expect(!made.output.contains("pak: "), "\(made.output)")
        let cache = ImportCache(scratch["xdg/pak"])
        let package = try open("a.tar.gz", cache)
        #expect(try text(package) == "one\n")
        let packages = Shell.run("ls -A '\(scratch["xdg/pak/packages"])'").output
        #expect(packages == "\(package.id).pak.zst\n")
        let whole = scratch.names.filter { $0 != "killed.pak.zst" }
        #expect(whole == ["a.tar.gz", "t", "xdg"])
        let names =
            "'\(scratch["xdg/pak/packages"])'/*"
            + (scratch.names.contains("killed.pak.zst") ? " '\(scratch["killed.pak.zst"])'" : "")
        #expect(Shell.run("zstd -tq \(names)").status == 0)
    }
}

/// The programs of this package, as built beside the tests.
enum Programs {
    static func path(_ name: String) -> String {
        let own = CommandLine.arguments.first ?? ""
        // .../debug/NAME.xctest, run by a helper elsewhere: the path is an argument, too.
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? own
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false)
            .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
        return "\(folder)/\(name)"
    }

    static func has(_ name: String) -> Bool { access(path(name), X_OK) == 0 }
}
