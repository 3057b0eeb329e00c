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
