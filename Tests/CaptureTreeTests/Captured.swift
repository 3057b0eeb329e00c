import FileTree
import Synchronization
import TreeConformance

@testable import CaptureTree

/// A capture in memory, with what a test wants to know of it.
struct Captured {
    let layer: Layer
    let tree: CaptureTree
    let journal: KeptJournal
    let data: MemoryDataFiles
    let clock: TickingClock
    /// What the lower tree lies in.
    private let scratch: Scratch?

    /// Puts a fresh layer over a tree.
    init(over lower: any Directory, in tree: any Tree, keeping scratch: Scratch? = nil) throws {
        self.scratch = scratch
        let clock = TickingClock()
        self.clock = clock
        journal = KeptJournal()
        data = MemoryDataFiles(clock: { clock.next() })
        layer = try Layer(id: 7, journal: journal, data: data, clock: { clock.next() })
        self.tree = try CaptureTree(layer: layer, over: lower, in: tree)
    }

    /// Puts a fresh layer over a tree given as text.
    init(_ text: String) throws {
        let lower = try MemoryTree.make(text)
        try self.init(over: lower.root, in: lower)
    }

    /// The same layer, opened anew from its records, over the same tree.
    func reopened() throws -> CaptureTree { try reopened(over: tree.lower, in: tree) }

    /// The same over another object for the same tree.
    func reopened(over lower: any Directory, in tree: any Tree) throws -> CaptureTree {
        let clock = clock
        let layer = try Layer(
            id: 7,
            journal: MemoryJournal(),
            data: data,
            records: journal.records,
            clock: { clock.next() }
        )
        return try CaptureTree(layer: layer, over: lower, in: tree)
    }

    var root: any Directory { tree.root }

    /// Finds a path, its names parted by `/`.
    func node(_ path: String) throws(FileError) -> any Node { try tree.root.node(path) }

    func file(_ path: String) throws(FileError) -> any File {
        guard let file = try node(path).file else { throw FileError(.isDirectory) }
        return file
    }

    func directory(_ path: String) throws(FileError) -> any Directory {
        guard let directory = try node(path).directory else { throw FileError(.notDirectory) }
        return directory
    }

    func text(_ path: String) throws(FileError) -> String {
        String(decoding: try TreeText.bytes(file(path)), as: UTF8.self)
    }

    func write(_ text: String, to path: String, at offset: UInt64 = 0) throws(FileError) {
        let bytes = Array(text.utf8)
        try file(path).open([.read, .write]).write(bytes.span.bytes, at: offset)
    }
}

extension Layer {
    /// A layer of records.
    convenience init(
        id: UInt64,
        journal: any Journal,
        data: any DataFiles,
        records: some Sequence<Record> = [],
        objectLimit: Int? = nil,
        clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws(FileError) {
        var state = LayerState(id: id)
        for record in records { state.apply(record) }
        try self.init(
            state,
            journal: journal,
            data: data,
            objectLimit: objectLimit,
            clock: clock
        )
    }
}

/// A journal that keeps its records for the test to look at, and fails when it is told to.
final class KeptJournal: Journal {
    private let kept = Mutex<[Record]>([])
    private let calls = Atomic<Int>(0)
    let failure = Mutex<FileError?>(nil)

    /// All records so far.
    var records: [Record] { kept.withLock { $0 } }
    /// How often records were added.
    var appends: Int { calls.load(ordering: .relaxed) }

    func append(_ records: [Record]) throws(FileError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
        calls.add(1, ordering: .relaxed)
        kept.withLock { $0 += records }
    }

    func sync() throws(FileError) {}

    func finish() throws(FileError) {}
}

/// A clock that goes on by a second whenever it is asked.
final class TickingClock: Sendable {
    private let seconds = Atomic<Int>(1_000_000)

    func next() -> Timestamp {
        Timestamp(seconds: Int64(seconds.add(1, ordering: .relaxed).newValue))
    }
}

extension Directory {
    /// Finds a path, its names parted by `/`.
    func node(_ path: String) throws(FileError) -> any Node {
        var node: any Node = self
        for name in path.split(separator: "/") {
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            let name = Array(name.utf8)
            node = try directory.lookup(name.span.bytes)
        }
        return node
    }

    /// The names in the order in which they are listed, from a position on.
    func listed(from cookie: UInt64 = 0) throws(FileError) -> [String] {
        var names: [String] = []
        try entries(from: cookie) { _, name in
            names.append(String(decoding: Array(name), as: UTF8.self))
            return true
        }
        return names
    }
}

extension String {
    /// The bytes, as a tree wants names.
    var utf8Bytes: [UInt8] { Array(utf8) }
}
