import FileTree
import Glibc
import Synchronization
import Testing

@testable import Archive

@Suite struct FrameCacheTests {
    let scratch = Scratch()

    /// Runs `body` on so many threads at once.
    private func race(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        let workers = try (0..<count).map { number in try Worker { body(number) } }
        for worker in workers { worker.join() }
    }

    @Test func readersOfOneFrameDecodeItOnce() throws {
        try writePackage(scratch, "a", [.file("big", pattern(1 << 20))])
        let cache = FrameCache(capacity: 4 << 20)
        let package = try #require(try Package.native(HostFile(scratch["a"]), cache: cache))
        let expected = pattern(1 << 20)
        let wrong = Atomic<Int>(0)
        try race(8) { _ in
            let read = try? contents(package, "big", piece: 30_000)
            if read != expected { wrong.add(1, ordering: .relaxed) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(cache.statistics.misses == 8)
        #expect(cache.statistics.hits > 8)
    }

    @Test func theCacheKeepsToItsBytesWhileReadersRace() throws {
        let files = (0..<6).map { TestFile.file("f\($0)", pattern(400_000, seed: UInt64($0))) }
        try writePackage(scratch, "a", files)
        let cache = FrameCache(capacity: 300_000)
        let package = try #require(try Package.native(HostFile(scratch["a"]), cache: cache))
        let wrong = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        try race(6) { number in
            for round in 0..<4 {
                let file = (number + round) % 6
                let read = try? contentsByExtents(package, "f\(file)")
                if read != files[file].bytes { wrong.add(1, ordering: .relaxed) }
                most.max(cache.statistics.byteCount, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(most.load(ordering: .relaxed) <= 300_000)
    }

    @Test func aFrameThatFailsFailsForEveryReaderAndIsTriedAgain() throws {
        let cache = FrameCache()
        let key = FrameCache.Key(archive: FrameCache.newArchive(), frame: 1)
        let failed = Atomic<Int>(0)
        try race(4) { _ in
            do {
                _ = try cache.frame(key) { () throws(FileError) in throw .malformed("no") }
            } catch { failed.add(1, ordering: .relaxed) }
        }
        #expect(failed.load(ordering: .relaxed) == 4)
        #expect(!cache.has(key))
        _ = try cache.frame(key) { () throws(FileError) in CachedFrame(try FrameMemory(count: 8)) }
        #expect(cache.has(key))
    }

    @Test(arguments: [0, 1, 8, 65535, 65536, 131_072, 131_073, 200_000, 1 << 20])
    func memoryOfEveryLengthCanBeWrittenAndIsGivenAgain(count: Int) throws {
        // More at once than are kept, of two lengths.
        for length in [count, count, count / 2, count] {
            let all = try (0..<12).map { _ in try FrameMemory(count: length) }
            for (number, memory) in all.enumerated() {
                #expect(memory.bytes.count == length)
                memory.bytes.initializeMemory(as: UInt8.self, repeating: UInt8(number))
            }
            for (number, memory) in all.enumerated() {
                #expect(Array(memory.bytes) == Array(repeating: UInt8(number), count: length))
                memory.release()
            }
        }
    }

    /// Waits for threads of the cache, which nobody else can be asked about.
    private func frames(_ cache: FrameCache, reach count: Int) -> Bool {
        let deadline = time(nil) + 20
        while cache.statistics.frames < count, time(nil) < deadline { sched_yield() }
        return cache.statistics.frames == count
    }

    @Test func aRowOfReadsHasOneThenTwoThenFourFramesDecodedAhead() throws {
        try writePackage(scratch, "a", [.file("a", pattern(3 << 20))])
        let cache = FrameCache()
        let package = try #require(try Package.native(HostFile(scratch["a"]), cache: cache))
        let entry = try #require(package.index.entry(atPath: "a".utf8))
        let file = try package.open(package.index.inodeNumber(entry))
        var offset: UInt64 = 0
        for (read, ahead) in [(1, 1), (2, 2), (3, 4), (4, 4)] {
            let extent = try #require(try file.extent(at: offset, count: 1 << 20))
            #expect(frames(cache, reach: read + ahead))
            offset += UInt64(extent.count)
        }
        // Inside of a frame nothing is decoded for later.
        _ = try file.extent(at: (2 << 20) + 4096, count: 4096)
        #expect(frames(cache, reach: 9))
        #expect(cache.statistics.misses == 9)
    }

    @Test func whatAnExtentPointsToOutlivesTheCache() throws {
        try writePackage(scratch, "a", [.file("a", pattern(150_000)), .file("b", pattern(90_000))])
        let cache = FrameCache(capacity: 1)
        let package = try #require(try Package.native(HostFile(scratch["a"]), cache: cache))
        let entry = try #require(package.index.entry(atPath: "a".utf8))
        let file = try package.open(package.index.inodeNumber(entry))
        let extent = try #require(try file.extent(at: 0, count: 100))
        _ = try contents(package, "b")
        #expect(cache.statistics.byteCount == 0)
        guard case .memory(let start) = extent.place else {
            Issue.record("not in memory")
            return
        }
        #expect(
            Array(UnsafeRawBufferPointer(start: start, count: 100)) == pattern(150_000)[..<100] + []
        )
        withExtendedLifetime(extent.owner) {}
    }

    @Test func aReadIsReadyOnceItIsPrepared() throws {
        try writePackage(scratch, "a", [.file("big", pattern(1 << 20))])
        let package = try #require(
            try Package.native(HostFile(scratch["a"]), cache: FrameCache())
        )
        let entry = try #require(package.index.entry(atPath: "big".utf8))
        let file = try package.open(package.index.inodeNumber(entry))
        #expect(!file.isReady(at: 500_000, count: 100_000))
        try file.prepare(at: 500_000, count: 100_000, until: Cancellation())
        #expect(file.isReady(at: 500_000, count: 100_000))
        #expect(!file.isReady(at: 500_000, count: 400_000))
        #expect(file.isReady(at: 1 << 20, count: 100))
        let cancelled = Cancellation()
        cancelled.cancel()
        let error = try #require(throws: FileError.self) {
            try file.prepare(at: 0, count: 1 << 20, until: cancelled)
        }
        #expect(error.kind == .interrupted)
    }
}

@Suite struct DescriptorPoolTests {
    let scratch = Scratch()

    @Test func manyFilesAreReadThroughFewDescriptors() throws {
        let pool = DescriptorPool(limit: 3)
        let files = try (0..<40).map { number -> HostFile in
            scratch.write("f\(number)", [UInt8(number)])
            return try HostFile(scratch["f\(number)"], pool: pool)
        }
        for round in 0..<3 {
            for (number, file) in files.enumerated() {
                var buffer: [UInt8] = [0, 0]
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
                #expect(count == 1 && Int(buffer[0]) == number, "round \(round)")
                #expect(pool.count <= 3)
            }
        }
    }

    @Test func aFileReplacedMeanwhileIsAnErrorOnceItIsOpenedAgain() throws {
        let pool = DescriptorPool(limit: 1)
        scratch.write("a", [1])
        scratch.write("b", [2])
        let a = try HostFile(scratch["a"], pool: pool)
        scratch.write("a2", [3])
        #expect(rename(scratch["a2"], scratch["a"]) == 0)
        var buffer: [UInt8] = [0]
        _ = try buffer.withUnsafeMutableBytes { try a.read(into: $0, at: 0) }
        #expect(buffer == [1])
        let b = try HostFile(scratch["b"], pool: pool)
        let error = try #require(throws: FileError.self) { try a.descriptor() }
        #expect(error.kind == .inputOutput)
        #expect(b.size == 1)
    }

    @Test func descriptorsCloseWithTheirFiles() throws {
        let pool = DescriptorPool(limit: 8)
        scratch.write("a", [1])
        var file: HostFile? = try HostFile(scratch["a"], pool: pool)
        let number = try #require(try file?.descriptor().number)
        #expect(fcntl(number, F_GETFD) >= 0)
        file = nil
        #expect(pool.count == 0)
    }
}

@Suite struct ManyPackagesTests {
    let scratch = Scratch()

    @Test func packagesFarMoreThanDescriptorsAreRead() throws {
        for number in 0..<60 {
            try writePackage(scratch, "p\(number)", [.file("f", [UInt8(number), 1, 2])])
        }
        let pool = DescriptorPool(limit: 4)
        let cache = FrameCache(capacity: 0)
        let packages = try (0..<60).map { number in
            let file = try HostFile(scratch["p\(number)"], pool: pool)
            return try #require(try Package.native(file, cache: cache))
        }
        for (number, package) in packages.enumerated() {
            #expect(try contents(package, "f") == [UInt8(number), 1, 2])
            #expect(pool.count <= 4)
        }
    }
}
