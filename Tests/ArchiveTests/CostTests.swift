import Archive
import CAllocations
import FileTree
import Testing

@Suite(.enabled(if: allocations_are_counted() == 1, "a sanitizer has the allocator"))
struct CostTests {
    let scratch = Scratch()

    /// How often `body` takes memory, once it has run before.
    private func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
        try body()
        let before = allocations_so_far()
        try body()
        return allocations_so_far() - before
    }

    @Test func readsOfCachedFramesAllocateNothing() throws {
        try writePackage(scratch, "a", [.file("big", pattern(200_000))])
        let package = try #require(
            try Package.native(HostFile(scratch["a"]), cache: FrameCache())
        )
        let entry = try #require(package.index.entry(atPath: "big".utf8))
        let file = try package.open(package.index.inodeNumber(entry))
        try file.prepare(at: 0, count: 200_000, until: Cancellation())
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 20_000, alignment: 8)
        defer { buffer.deallocate() }
        let count = try allocations {
            var offset: UInt64 = 0
            while offset < 200_000 {
                guard file.isReady(at: offset, count: 20_000) else { throw FileError(.again) }
                _ = try file.extent(at: offset, count: 20_000)?.count
                _ = try file.read(into: buffer, at: offset)
                offset += 5000
            }
        }
        #expect(count == 0)
    }

    @Test func lookingAtAnIndexAllocatesNothing() throws {
        var builder = IndexBuilder()
        for number in 0..<100 {
            let path = Array("usr/share/file-\(number)".utf8)
            try builder.add(Member(path: path, type: .regular, permissions: 0o644))
        }
        let index = try Index(builder.build())
        var found = 0
        let count = allocations {
            var entry: UInt32 = 1
            while entry < index.entryCount {
                let name = index.name(entry)
                guard let same = index.lookup(index.parent(entry), name), same == entry else {
                    return
                }
                let inode = index.inode(index.inodeNumber(entry))
                found += inode.size == 0 && index.children(entry).upperBound < 200 ? 1 : 0
                entry += 1
            }
        }
        #expect(count == 0)
        #expect(found == 2 * (index.entryCount - 1))
    }
}
