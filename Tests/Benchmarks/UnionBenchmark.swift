import Archive
import FileTree
import UnionTree

/// What the number of packages costs, over the same hundred thousand files: library calls alone.
///
/// Steps are counted in this thread's processor time, which other programs disturb least.
struct UnionBenchmark {
    static let counts = [1, 10, 100, 1000]

    /// The times for one number of packages, in nanoseconds a step.
    struct Row {
        let packages: Int
        var open = 0.0
        var build = 0.0
        var mapAgain = 0.0
        var hit: [Double] = []
        var miss: [Double] = []
        var read: [Double] = []
        var list: [Double] = []
    }

    let place: String
    let rounds: Int

    func run() throws(FileError) -> [Row] {
        var rows: [Row] = []
        var trees: [UnionTree] = []
        // So large that what is read stays decoded: the frames are not what is measured here.
        let frames = FrameCache(capacity: 512 << 20)
        let hits = try set(Self.counts[0]).sample(4000)
        let misses = try set(Self.counts[0]).sample(4000, last: "absent")
        for count in Self.counts {
            var row = Row(packages: count)
            let paths = try set(count).paths
            var packages: [Package] = []
            var begin = now()
            for path in paths {
                guard let package = try Package.native(HostFile(path), cache: frames) else {
                    throw FileError(.malformed, path)
                }
                packages.append(package)
            }
            row.open = (now() - begin) * 1e9
            let cache = "\(place)/tables"
            begin = now()
            _ = try UnionTree(packages: packages, cache: cache)
            row.build = (now() - begin) * 1e9
            begin = now()
            let tree = try UnionTree(packages: packages, cache: cache)
            row.mapAgain = (now() - begin) * 1e9
            rows.append(row)
            trees.append(tree)
            try read(tree.root, hits, 4000)
        }
        for _ in 0..<rounds {
            for (number, tree) in trees.enumerated() {
                let root = tree.root
                rows[number].hit.append(try walk(root, hits, found: true))
                rows[number].miss.append(try walk(root, misses, found: false))
                rows[number].read.append(try read(root, hits, 4000))
                rows[number].list.append(try list(root))
            }
        }
        return rows
    }

    private func set(_ count: Int) throws(FileError) -> PackageSet {
        try PackageSet(count, filesPerGroup: 99, fileSize: 64, in: "\(place)/set\(count)")
    }

    private func walk(
        _ root: any Directory,
        _ paths: PathPool,
        found: Bool
    ) throws(FileError) -> Double {
        let count = 20_000
        let begin = processorTime()
        for _ in 0..<count {
            var qids = WalkedQids()
            do throws(FileError) {
                _ = try root.walk(paths.next(), &qids)
            } catch {
                if found || error.kind != .notFound { throw error }
            }
        }
        return (processorTime() - begin) * 1e9 / Double(count)
    }

    @discardableResult
    private func read(
        _ root: any Directory,
        _ paths: PathPool,
        _ count: Int
    ) throws(FileError) -> Double {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        let begin = processorTime()
        for _ in 0..<count {
            var qids = WalkedQids()
            guard let file = try root.walk(paths.next(), &qids).file else {
                throw FileError(.isDirectory)
            }
            guard try file.open(.read).read(into: buffer, at: 0) == 64 else {
                throw FileError(.inputOutput)
            }
        }
        return (processorTime() - begin) * 1e9 / Double(count)
    }

    /// Lists usr/bin, in which every package has names; a name's share of the time.
    private func list(_ root: any Directory) throws(FileError) -> Double {
        let path = PathPool([["usr", "bin"]])
        defer { withExtendedLifetime(path) {} }
        var qids = WalkedQids()
        guard let directory = try root.walk(path.next(), &qids).directory else {
            throw FileError(.notDirectory)
        }
        let begin = processorTime()
        var names = 0
        for _ in 0..<10 {
            try directory.entries(from: 0) { _, _ in
                names += 1
                return true
            }
        }
        guard names == PackageSet.groupCount * 10 else { throw FileError(.inputOutput) }
        return (processorTime() - begin) * 1e9 / Double(names)
    }
}
