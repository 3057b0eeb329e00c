public import FileTree

/// A tree with one file, `slow`, of which no byte can be read before its gate is opened.
public final class SlowTree: Tree {
    /// What reads wait at.
    public let gate = Gate()

    /// Makes one whose gate is shut.
    public init() {}

    /// The root.
    public var root: any Directory { SlowRoot(gate) }

    /// Gives the root to anyone.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        Attachment(root: SlowRoot(gate), tree: self)
    }
}

/// What reads wait at.
///
/// `@unchecked Sendable`: everything that changes is guarded by `monitor`.
public final class Gate: @unchecked Sendable {
    private let monitor = Condition()
    private var isOpen = false
    private var waiting = 0
    private var cancelled = 0

    /// Lets all through, from now on.
    public func open() {
        monitor.lock()
        isOpen = true
        monitor.wake()
        monitor.unlock()
    }

    /// Returns once so many wait at the gate.
    public func awaitWaiting(_ count: Int) {
        monitor.lock()
        while waiting < count { monitor.wait() }
        monitor.unlock()
    }

    /// Returns once so many have been told to give up.
    public func awaitCancelled(_ count: Int) {
        monitor.lock()
        while cancelled < count { monitor.wait() }
        monitor.unlock()
    }

    func pass(_ cancellation: Cancellation) throws(FileError) {
        cancellation.onCancel { [self] in
            monitor.lock()
            cancelled += 1
            monitor.wake()
            monitor.unlock()
        }
        monitor.lock()
        waiting += 1
        monitor.wake()
        while !isOpen, !cancellation.isCancelled { monitor.wait() }
        monitor.unlock()
        try cancellation.check()
    }

    var isPassable: Bool {
        monitor.lock()
        defer { monitor.unlock() }
        return isOpen
    }
}

private final class SlowRoot: Directory {
    private let gate: Gate

    init(_ gate: Gate) { self.gate = gate }

    var qid: Qid { Qid(type: .directory, version: 1, path: 1) }
    var parent: (any Directory)? { nil }
    func stat() throws(FileError) -> Stat { Stat(qid: qid, mode: Mode(.directory, 0o755)) }
    func withName(_ body: (RawSpan) -> Void) {
        let name = Array("/".utf8)
        body(name.span.bytes)
    }
    func lookup(_ name: RawSpan) throws(FileError) -> any Node { SlowFile(gate, in: self) }
    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {}
}

private final class SlowFile: File, OpenFile {
    private let gate: Gate
    private let container: SlowRoot

    init(_ gate: Gate, in container: SlowRoot) {
        self.gate = gate
        self.container = container
    }

    var qid: Qid { Qid(type: .file, version: 1, path: 2) }
    var parent: (any Directory)? { container }
    func stat() throws(FileError) -> Stat { Stat(qid: qid, mode: Mode(.regular, 0o644)) }
    func withName(_ body: (RawSpan) -> Void) {
        let name = Array("slow".utf8)
        body(name.span.bytes)
    }
    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile { self }
    func sync() throws(FileError) {}

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        if offset == 666 { throw FileError(.inputOutput) }
        buffer.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "s"))
        return buffer.count
    }

    func isSlow(writing bytes: RawSpan) -> Bool { !gate.isPassable }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        try gate.pass(Cancellation())
        if offset == 666 { throw FileError(.inputOutput) }
    }

    func isReady(at offset: UInt64, count: Int) -> Bool { gate.isPassable }

    func prepare(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation
    ) throws(FileError) {
        try gate.pass(cancellation)
    }
}
