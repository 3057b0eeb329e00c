import FileTree
import Glibc
import Testing

@testable import Archive

@Suite struct TarIndexTests {
    let scratch = Scratch()

    private func writeTar(_ count: Int) {
        var tar: [UInt8] = []
        for number in 0..<count { tar += header("file-\(number)", type: "0") }
        scratch.write("a.tar", tar + [UInt8](repeating: 0, count: 1024))
    }

    private func open(_ cache: ImportCache, isSettled: Bool = true) throws -> Index {
        try cache.indexOfTar(HostFile(scratch["a.tar"]), isSettled: isSettled)
    }

    private var kept: [Substring] {
        Shell.run("ls '\(scratch["cache/tar"])'").output.split(separator: "\n")
    }

    @Test func aLargeTarIsIndexedOnce() throws {
        writeTar(1000)
        let cache = ImportCache(scratch["cache"])
        let first = try open(cache)
        #expect(kept == ["\(first.contentID)"])
        let second = try open(cache)
        #expect(second.bytes.elementsEqual(first.bytes))
        #expect(second.entry(atPath: "file-999".utf8) != nil)
    }

    @Test func theIndexOfATarThatChangedJustNowIsNotKept() throws {
        writeTar(1000)
        let cache = ImportCache(scratch["cache"])
        #expect(try open(cache, isSettled: false).entryCount == 1001)
        #expect(kept.isEmpty)
    }

    @Test func aDamagedIndexIsMadeAnew() throws {
        writeTar(1000)
        let cache = ImportCache(scratch["cache"])
        let first = try open(cache)
        let size = first.bytes.count
        scratch.write("cache/tar/\(first.contentID)", Array("no index".utf8))
        #expect(try open(cache).entryCount == 1001)
        #expect(scratch.read("cache/tar/\(first.contentID)").count == size)
    }

    @Test(arguments: [10, 20_000])
    func aTarIsServedWhereNothingCanBeKept(count: Int) throws {
        writeTar(count)
        let package = try Package.open(
            scratch["a.tar"],
            frames: FrameCache(),
            imports: ImportCache(nil)
        )
        #expect(package.index.entryCount == count + 1)
        #expect(package.index.isIntact)
    }
}
