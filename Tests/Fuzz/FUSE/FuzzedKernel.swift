import FileTree
import Glibc

@testable import FUSEServer

/// One room for all answers: none is needed once the next request is sent.
nonisolated(unsafe) private var reply = Reply(capacity: Conversation.mostData + 4096)

/// What a kernel asks, and what it knows of the answers.
struct FuzzedKernel {
    private let conversation: Conversation
    private let opensFiles: Bool
    private var input: ArraySlice<UInt8> = []
    private var unique: UInt64 = 0
    /// How often each node was told of.
    private var told: [UInt64: UInt64] = [:]
    private var nodes = [UInt64](repeating: 1, count: 8)
    private var handles = [UInt64](repeating: 0, count: 8)
    private var open: Set<UInt64> = []

    private static let names = ["a", "b", "c", "..", ".", "", "a/b", "user.x"]

    init(_ kind: UInt8) throws(FileError) {
        let tree = MemoryTree(capacity: 1 << 20)
        let new = NewNode(permissions: 0o755, uid: 0, gid: 0)
        let (a, b) = (Array("a".utf8), Array("b".utf8))
        let directory = try tree.root.createDirectory(a.span.bytes, new)
        _ = try directory.createFile(b.span.bytes, new)
        _ = try tree.root.createFile(b.span.bytes, new)
        opensFiles = kind & 2 != 0
        var options = FUSEServer.Options()
        options.isWritable = kind & 4 == 0
        options.opensFiles = opensFiles
        options.limits.files = 20
        options.limits.openFiles = 6
        conversation = Conversation(Attachment(root: tree.root, tree: tree), options)
        let head = Self.pack(UInt32(7)) + Self.pack(UInt32(45)) + Self.pack(UInt32(1 << 17))
        let flags = [UInt8](repeating: 255, count: 8)
        _ = ask(.initialize, 0, head + flags + [UInt8](repeating: 0, count: 44))
    }

    private static func pack<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    private mutating func next() -> UInt8 { input.popFirst() ?? 0 }

    /// Sends bytes; returns the error and what is behind the head, nil where there was no answer.
    private func send(_ bytes: [UInt8]) -> (error: Int32, body: [UInt8])? {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { room.deallocate() }
        room.copyBytes(from: bytes)
        guard conversation.answer(UnsafeRawBufferPointer(room), &reply, Place()) else { return nil }
        var answer: [UInt8] = []
        reply.forEachPiece { answer += $0 }
        guard answer.count >= 16, Self.u32(answer, 0) == UInt32(answer.count) else {
            fatalError("an answer of another length than it says")
        }
        let error = -Int32(bitPattern: Self.u32(answer, 4))
        guard (0..<512).contains(error), error == 0 || answer.count == 16 else {
            fatalError("error \(error) with \(answer.count) bytes")
        }
        return (error, Array(answer[16...]))
    }

    private static func u32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }

    private static func u64(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    }

    private mutating func ask(
        _ opcode: Opcode,
        _ node: UInt64,
        _ body: [UInt8]
    ) -> (error: Int32, body: [UInt8])? {
        unique += 2
        let head =
            Self.pack(UInt32(40 + body.count)) + Self.pack(opcode.rawValue) + Self.pack(unique)
            + Self.pack(node) + [UInt8](repeating: 0, count: 16)
        let answer = send(head + body)
        let isSilent = opcode.isOneWay || opcode == .interrupt
        guard (answer == nil) == isSilent else { fatalError("\(opcode): answered or not") }
        // A node that the kernel was never told of, or has forgotten, is no node.
        let needsNode = ![.initialize, .destroy, .statfs, .interrupt, .flush, .release]
            .contains(opcode)
        if let answer, answer.error == 0, needsNode, node != 1, told[node] == nil,
            !(opensFiles && [.read, .write, .fsync, .opendir, .releasedir].contains(opcode))
        {
            fatalError("\(opcode) of a node that is not there")
        }
        return answer
    }

    /// Sends the input's bytes behind heads that are right.
    mutating func raw(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let opcode = rest.popFirst() {
            let count = min(Int(rest.popFirst() ?? 0), rest.count)
            let body = Array(rest.prefix(count))
            rest.removeFirst(count)
            unique += 2
            _ = send(
                Self.pack(UInt32(40 + count)) + Self.pack(UInt32(opcode)) + Self.pack(unique)
                    + Self.pack(UInt64(1)) + [UInt8](repeating: 0, count: 16) + body
            )
        }
        told = [:]
    }

    mutating func run(_ bytes: [UInt8]) {
        input = bytes[...]
        while let code = input.popFirst() { step(code) }
    }

    private mutating func step(_ code: UInt8) {
        let place = Int(next() & 7)
        let number = next()
        let node = nodes[place]
        let handle = number & 0x40 == 0 && !opensFiles ? 0 : handles[Int(number >> 3 & 7)]
        let name = Array(Self.names[Int(number & 7)].utf8) + [0]
        let other = nodes[Int(number >> 3 & 7)]
        let offset = UInt64(number) << (number & 15)
        switch code % 29 {
        case 0...3: tell(.lookup, node, name)
        case 4: tell(.mkdir, node, Self.pack(UInt64(0o755)) + name)
        case 5: tell(.mknod, node, Self.pack(UInt64(number) << 12) + Self.pack(UInt64(5)) + name)
        case 6:
            let flags = Self.pack(UInt32(number & 3) | UInt32(number & 4) << 7)
            create(node, flags + Self.pack(UInt32(0o644)) + Self.pack(UInt64(0)) + name)
        case 7: tell(.symlink, node, name + Array("to\0".utf8))
        case 8: tell(.link, node, Self.pack(other) + name)
        case 9: _ = ask(.unlink, node, name)
        case 10: _ = ask(.rmdir, node, name)
        case 11:
            let head = Self.pack(other) + Self.pack(UInt64(next() & 3))
            _ = ask(.rename2, node, head + name + name)
        case 12: _ = ask(.rename, node, Self.pack(other) + name + Array("c\0".utf8))
        case 13, 14: forget(node, UInt64(number & 3))
        case 15: getattr(node)
        case 16: _ = ask(.setattr, node, setattr(number))
        case 17: openFile(node, number)
        case 18: release(handle)
        case 19, 20: read(node, handle, offset)
        case 21: write(node, handle, offset)
        case 22: _ = ask(.readdir, node, range(0, UInt64(number), UInt32(next()) * 8))
        case 23: readdirplus(node, UInt32(next()) * 8, number)
        case 24:
            _ = ask(
                .setxattr,
                node,
                Self.pack(UInt32(1)) + Self.pack(UInt32(number >> 3)) + name + [7]
            )
        case 25: _ = ask(.getxattr, node, Self.pack(UInt64(number >> 3)) + name)
        case 26:
            let fields = Self.pack(handle) + Self.pack(offset) + Self.pack(UInt64(next()))
            _ = ask(.fallocate, node, fields + Self.pack(UInt64(number & 31)))
        case 27: lseek(node, Self.pack(handle) + Self.pack(offset) + Self.pack(UInt64(number & 7)))
        default: _ = ask([.removexattr, .readlink, .statfs][Int(number) % 3], node, name)
        }
    }

    private func range(_ handle: UInt64, _ offset: UInt64, _ count: UInt32) -> [UInt8] {
        Self.pack(handle) + Self.pack(offset) + Self.pack(count) + [UInt8](repeating: 0, count: 20)
    }

    /// Asks for what tells of a node, and keeps its number.
    private mutating func tell(_ opcode: Opcode, _ node: UInt64, _ body: [UInt8]) {
        guard let answer = ask(opcode, node, body), answer.error == 0 else { return }
        let number = Self.u64(answer.body, 0)
        guard answer.body.count == 128, number != 0 || opcode == .lookup else {
            fatalError("\(opcode): not an entry")
        }
        note(number)
    }

    private mutating func note(_ number: UInt64) {
        guard number > 1 else { return }
        told[number, default: 0] += 1
        nodes[Int(number & 7)] = number
    }

    private mutating func create(_ node: UInt64, _ body: [UInt8]) {
        guard let answer = ask(.create, node, body), answer.error == 0 else { return }
        guard answer.body.count == 144 else { fatalError("create: not an entry") }
        note(Self.u64(answer.body, 0))
        noteOpen(Self.u64(answer.body, 128))
    }

    private mutating func noteOpen(_ handle: UInt64) {
        guard (handle == 0) != opensFiles else { fatalError("handle \(handle)") }
        if handle == 0 { return }
        guard open.insert(handle).inserted else { fatalError("a handle twice") }
        handles[Int(handle & 7)] = handle
    }

    private mutating func openFile(_ node: UInt64, _ number: UInt8) {
        let body = Self.pack(UInt64(number & 3) | UInt64(number & 4) << 7)
        guard let answer = ask(.open, node, body), answer.error == 0 else { return }
        noteOpen(Self.u64(answer.body, 0))
    }

    private mutating func release(_ handle: UInt64) {
        _ = ask(.release, 1, Self.pack(handle) + [UInt8](repeating: 0, count: 16))
        open.remove(handle)
    }

    private mutating func read(_ node: UInt64, _ handle: UInt64, _ offset: UInt64) {
        guard let answer = ask(.read, node, range(handle, offset, 5000)) else { return }
        if opensFiles, (answer.error == 0) != open.contains(handle) {
            fatalError("read by handle \(handle): \(answer.error)")
        }
        if answer.body.count > 5000 { fatalError("more than was asked for") }
    }

    private mutating func write(_ node: UInt64, _ handle: UInt64, _ offset: UInt64) {
        let data = [UInt8](repeating: 7, count: Int(next()))
        let head = Self.pack(handle) + Self.pack(offset) + Self.pack(UInt32(data.count))
        let answer = ask(.write, node, head + [UInt8](repeating: 0, count: 20) + data)
        if answer?.error == 0, opensFiles, !open.contains(handle) { fatalError("a shut handle") }
    }

    private mutating func lseek(_ node: UInt64, _ body: [UInt8]) {
        guard let answer = ask(.lseek, node, body), answer.error == 0 else { return }
        guard Self.u64(answer.body, 0) >= Self.u64(body, 8) else { fatalError("lseek: backwards") }
    }

    private func setattr(_ number: UInt8) -> [UInt8] {
        var fields = [UInt8](repeating: number, count: 88)
        fields[2] = 0
        fields[3] = 0
        // A size that the tree has room for.
        for place in 18..<24 { fields[place] = 0 }
        return fields
    }

    private mutating func getattr(_ node: UInt64) {
        let answer = ask(.getattr, node, [UInt8](repeating: 0, count: 16))
        let isThere = node == 1 || told[node] != nil
        if (answer?.error == 0) != isThere { fatalError("attributes of node \(node)") }
    }

    private mutating func forget(_ node: UInt64, _ count: UInt64) {
        _ = ask(.forget, node, Self.pack(count))
        guard let known = told[node] else { return }
        told[node] = known > count ? known - count : nil
    }

    private mutating func readdirplus(_ node: UInt64, _ size: UInt32, _ number: UInt8) {
        let answer = ask(.readdirplus, node, range(0, UInt64(number >> 4), size))
        guard let answer, answer.error == 0 else { return }
        guard answer.body.count <= Int(size) else { fatalError("more than was asked for") }
        var place = 0
        while place < answer.body.count {
            note(Self.u64(answer.body, place))
            place += (128 + 24 + Int(Self.u32(answer.body, place + 128 + 16)) + 7) & ~7
        }
        if place != answer.body.count { fatalError("an entry in part") }
    }

    /// Forgets all: then nothing is held.
    mutating func end() {
        guard conversation.nodes.known >= told.count else { fatalError("fewer nodes than told of") }
        for (node, count) in told { _ = ask(.forget, node, Self.pack(count)) }
        if !told.isEmpty, conversation.nodes.known != 0 { fatalError("nodes are left") }
    }
}
