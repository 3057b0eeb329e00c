import FileTree
import Glibc
import Synchronization

@testable import FUSEServer

/// The kernel's side of a conversation, without a kernel: requests as bytes, answers as they come.
final class Kernel {
    let conversation: Conversation
    let complaints = Complaints()
    private var reply = Reply(capacity: Conversation.mostData + 4096)
    private var unique: UInt64 = 1

    final class Complaints: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// An answer: 0 or an errno, and what is behind the head; nil where there was none.
    struct Answer: Equatable {
        var error: Int32
        var body: [UInt8]
    }

    /// Begins a conversation, which has agreed on what kernel 7.45 offers.
    init(
        _ tree: any Tree,
        _ root: any Directory,
        isAgreed: Bool = true,
        _ change: (inout FUSEServer.Options) -> Void = { $0.isWritable = true }
    ) {
        var options = FUSEServer.Options()
        change(&options)
        let complaints = complaints
        options.log = { complaints.add($0) }
        conversation = Conversation(FileTree.Attachment(root: root, tree: tree), options)
        if isAgreed { _ = ask(.initialize, 0, Self.offer()) }
    }

    convenience init(
        _ tree: MemoryTree,
        _ change: (inout FUSEServer.Options) -> Void = { $0.isWritable = true }
    ) {
        self.init(tree, tree.root, change)
    }

    /// INIT's body.
    static func offer(
        major: UInt32 = 7,
        minor: UInt32 = 45,
        flags: UInt64 = .max
    ) -> [UInt8] {
        pack(major) + pack(minor) + pack(UInt32(131072)) + pack(UInt32(truncatingIfNeeded: flags))
            + pack(UInt32(flags >> 32)) + [UInt8](repeating: 0, count: 44)
    }

    static func pack<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    /// A whole request.
    static func request(
        _ opcode: UInt32,
        _ node: UInt64,
        _ body: [UInt8],
        unique: UInt64,
        uid: UInt32 = 0,
        gid: UInt32 = 0
    ) -> [UInt8] {
        pack(UInt32(40 + body.count)) + pack(opcode) + pack(unique) + pack(node) + pack(uid)
            + pack(gid) + pack(UInt32(1)) + pack(UInt32(0)) + body
    }

    /// Asks, and returns the answer.
    @discardableResult
    func ask(_ opcode: Opcode, _ node: UInt64, _ body: [UInt8] = [], uid: UInt32 = 0) -> Answer? {
        unique += 2
        return send(Self.request(opcode.rawValue, node, body, unique: unique, uid: uid))
    }

    /// Sends bytes as one request.
    func send(_ bytes: [UInt8]) -> Answer? {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        defer { room.deallocate() }
        room.copyBytes(from: bytes)
        guard conversation.answer(UnsafeRawBufferPointer(room), &reply, Place()) else { return nil }
        var answer: [UInt8] = []
        reply.forEachPiece { answer += Array($0) }
        let error = answer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4, as: Int32.self) }
        let length = answer.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        precondition(Int(length) == answer.count, "an answer of another length than it says")
        return Answer(error: -error, body: Array(answer[16...]))
    }

    /// Looks a name up, and returns its node's number; 0 where there is none.
    func lookup(_ name: String, in node: UInt64 = 1) -> UInt64 {
        ask(.lookup, node, Self.name(name))?.u64(0) ?? 0
    }

    static func name(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    /// Sends what is not answered.
    func tell(_ opcode: Opcode, _ node: UInt64, _ body: [UInt8]) {
        precondition(ask(opcode, node, body) == nil, "\(opcode) was answered")
    }
}

extension Kernel.Answer {
    func u32(_ offset: Int) -> UInt32 {
        body.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
    func u64(_ offset: Int) -> UInt64 {
        body.withUnsafeBytes {
            offset + 8 <= $0.count ? $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0
        }
    }
}

extension Kernel {
    /// READ's and its like's body.
    static func range(_ handle: UInt64 = 0, _ offset: UInt64, _ count: UInt32) -> [UInt8] {
        pack(handle) + pack(offset) + pack(count) + [UInt8](repeating: 0, count: 20)
    }

    /// WRITE's body.
    static func write(
        _ handle: UInt64,
        _ offset: UInt64,
        _ data: [UInt8],
        count: UInt32? = nil,
        flags: UInt32 = 0
    ) -> [UInt8] {
        pack(handle) + pack(offset) + pack(count ?? UInt32(data.count)) + pack(flags)
            + [UInt8](repeating: 0, count: 16) + data
    }
}
