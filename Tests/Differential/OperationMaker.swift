/// Makes operations, most of them on paths that are there, some on paths that are not.
struct OperationMaker {
    private var random: SeededRandom
    private let isRoot: Bool
    private let longestName: Int
    private var directories = [""]
    private var files: [String] = []

    init(seed: UInt64, isRoot: Bool, longestName: Int) {
        random = SeededRandom(seed: seed)
        self.isRoot = isRoot
        self.longestName = longestName
    }

    // MARK: - The base

    /// What makes a base of a few directories and files, each with a time in the past.
    mutating func base() -> [Operation] {
        var list: [Operation] = []
        for _ in 0..<7 { list.append(makeDirectory()) }
        for number in 0..<12 {
            let path = fresh()
            files.append(path)
            list.append(.create(path, permissions: filePermissions()))
            // One large file at least, for what is done to files by blocks.
            if number == 0 { list.append(.write(path, Pattern(count: 300_000, seed: 7), at: 0)) }
            if random.below(4) > 0 { list.append(.write(path, pattern(), at: 0)) }
        }
        for _ in 0..<3 { list.append(link()) }
        for _ in 0..<2 { list.append(makeLink()) }
        list.append(makeNode())
        for _ in 0..<3 { list.append(attribute()) }
        if isRoot { list.append(.owner(path(), uid: 7, gid: 9)) }
        // Deepest first: a directory's time changes with its names.
        for path in (directories + files).sorted(by: >) {
            list.append(modified(path))
        }
        // The root is as it is made: that of an overlayfs does not show the lower one's.
        return list.filter { !$0.isOfRoot }
    }

    // MARK: - The changes

    private static let kinds: [(weight: Int, make: @Sendable (inout OperationMaker) -> Operation)] =
        [
            (6, { $0.create() }),
            (8, { .write($0.path(), $0.pattern(), at: $0.offset()) }),
            (4, { .replace($0.path(), $0.pattern()) }),
            (5, { .append($0.path(), $0.pattern()) }),
            (5, { .resize($0.path(), $0.offset()) }),
            (5, { $0.makeDirectory() }),
            (2, { $0.makeLink() }),
            (2, { $0.makeNode() }),
            (7, { $0.unlink() }),
            (4, { $0.removeDirectory() }),
            (10, { $0.rename() }),
            (5, { $0.link() }),
            (5, { .permissions($0.path(orRoot: true), $0.filePermissions()) }),
            (3, { $0.owner() }),
            (4, { $0.modified($0.path(orRoot: true)) }),
            (6, { $0.attribute() }),
            (6, { .read($0.path()) }),
            (5, { .stat($0.path()) }),
            (4, { .list($0.directory()) }),
            (4, { .hold($0.slot(), $0.path()) }),
            (3, { .heldWrite($0.slot(), $0.pattern(), at: $0.offset()) }),
            (3, { .heldRead($0.slot()) }),
            (2, { .heldResize($0.slot(), $0.offset()) }),
            (2, { .heldPermissions($0.slot(), $0.filePermissions()) }),
            (2, { .release($0.slot()) }),
            (2, { _ in .reopen }),
        ]
    private static let weights = kinds.reduce(0) { $0 + $1.weight }

    mutating func change() -> Operation {
        var place = random.below(Self.weights)
        for (weight, make) in Self.kinds {
            if place < weight { return make(&self) }
            place -= weight
        }
        return .reopen
    }

    private mutating func create() -> Operation {
        let path = random.below(5) == 0 ? self.path() : fresh()
        files.append(path)
        return .create(path, permissions: filePermissions())
    }

    private mutating func makeDirectory() -> Operation {
        let path = fresh()
        directories.append(path)
        return .makeDirectory(path, permissions: random.pick([0o755, 0o755, 0o700, 0o1777]))
    }

    private mutating func makeLink() -> Operation {
        let path = fresh()
        files.append(path)
        return .makeLink(path, to: random.pick(["a", "../b", "/etc/passwd", ".", "no where"]))
    }

    private mutating func makeNode() -> Operation {
        let path = fresh()
        files.append(path)
        return .makeNode(path, isDevice: isRoot && random.below(3) == 0)
    }

    private mutating func unlink() -> Operation {
        let path = path()
        files.removeAll { $0 == path }
        return .unlink(path)
    }

    private mutating func removeDirectory() -> Operation {
        let path = directory()
        // It may be full; a name for what is gone is as good as any.
        if random.below(2) == 0 { directories.removeAll { $0 == path && path != "" } }
        return .removeDirectory(path)
    }

    private mutating func rename() -> Operation {
        let isDirectory = random.below(2) == 0
        let path = isDirectory ? directory() : self.path()
        let new = random.below(3) == 0 ? self.path() : fresh()
        func moved(_ other: String) -> String {
            if other == path { return new }
            return other.hasPrefix(path + "/") ? new + other.dropFirst(path.count) : other
        }
        if path != "", !(new + "/").hasPrefix(path + "/") {
            directories = directories.map(moved)
            files = files.map(moved)
        }
        return .rename(path, to: new)
    }

    private mutating func link() -> Operation {
        let new = fresh()
        let path = path()
        files.append(new)
        return .link(path, to: new)
    }

    private mutating func owner() -> Operation {
        guard isRoot else { return .stat(path()) }
        return .owner(
            path(orRoot: true),
            uid: UInt32(random.below(3)),
            gid: UInt32(random.below(3))
        )
    }

    private mutating func modified(_ path: String) -> Operation {
        .modified(
            path,
            seconds: 1_000_000_000 + Int64(random.below(1000)),
            nanoseconds: random.pick([0, 1, 999_999_999, 500_000_000])
        )
    }

    private mutating func attribute() -> Operation {
        let name = "user." + random.pick(["a", "b", "pak"])
        guard random.below(3) > 0 else { return .attribute(path(orRoot: true), name: name, nil) }
        let value = Pattern(count: random.pick([0, 1, 20, 200]), seed: random.below(50))
        return .attribute(path(orRoot: true), name: name, value)
    }

    // MARK: - What they are made of

    private mutating func slot() -> Int { random.below(Operation.slots) }

    private mutating func directory() -> String {
        random.below(8) == 0 && !files.isEmpty ? random.pick(files) : random.pick(directories)
    }

    /// A path that is there, as a rule.
    private mutating func path(orRoot: Bool = false) -> String {
        switch random.below(10) {
        case 0: return fresh()
        case 1, 2:
            let path = random.pick(directories)
            return path == "" && !orRoot ? fresh() : path
        default: return files.isEmpty ? fresh() : random.pick(files)
        }
    }

    /// A path for something new, as a rule.
    private mutating func fresh() -> String {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "two words", "ü.txt"]
        let name =
            random.below(40) == 0
            ? String(repeating: "n", count: longestName) : random.pick(names)
        let directory = directory()
        return directory.isEmpty ? name : directory + "/" + name
    }

    private mutating func filePermissions() -> UInt32 {
        isRoot
            ? random.pick([0o644, 0o600, 0o755, 0o444, 0o000, 0o4755, 0o2711])
            : random.pick([0o644, 0o600, 0o755, 0o700])
    }

    private mutating func pattern() -> Pattern {
        let counts = [1, 10, 10, 100, 100, 4096, 5000, 5000, 65_536, 70_000, 131_073, 200_000]
        return Pattern(count: random.pick(counts), seed: random.below(100))
    }

    private mutating func offset() -> Int {
        random.pick([
            0, 0, 0, 1, 50, 4095, 5000, 65_535, 65_536, 100_000, 131_072, 131_073, 250_000,
        ])
    }
}
