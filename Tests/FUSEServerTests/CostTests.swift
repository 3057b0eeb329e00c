import CAllocations
import FileTree
import Testing
import TreeConformance

@testable import FUSEServer

/// What a request may cost, counted and not timed.
@Suite(.enabled(if: allocations_are_counted() == 1, "a sanitizer has the allocator"))
struct CostTests {
    /// Allocations of one request, once it has been asked before.
    private func allocations(
        _ kernel: Kernel,
        _ opcode: Opcode,
        _ node: UInt64,
        _ body: [UInt8]
    ) throws -> Double {
        let request = Kernel.request(opcode.rawValue, node, body, unique: 4)
        var reply = Reply(capacity: Conversation.mostData + 4096)
        let place = Place()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: request.count, alignment: 8)
        defer { room.deallocate() }
        room.copyBytes(from: request)
        let bytes = UnsafeRawBufferPointer(room)
        for _ in 0..<3 {
            let isAnswered = kernel.conversation.answer(bytes, &reply, place)
            #expect(isAnswered != opcode.isOneWay)
        }
        let times = 200
        let before = allocations_so_far()
        for _ in 0..<times { _ = kernel.conversation.answer(bytes, &reply, place) }
        return Double(allocations_so_far() - before) / Double(times)
    }

    @Test(arguments: [false, true])
    func aRequestAllocatesNothing(_ opensFiles: Bool) throws {
        let tree = try MemoryTree.make(
            "d 755 0 0 1 a\nf 644 0 0 1 a/file *20000:1\nf 644 0 0 1 a/small =small\n"
        )
        let kernel = Kernel(tree) { options in
            options.isWritable = true
            options.opensFiles = opensFiles
        }
        let directory = kernel.lookup("a")
        let file = kernel.lookup("file", in: directory)
        let open = kernel.ask(.open, file, Kernel.pack(UInt64(2)))
        let handle = opensFiles ? open?.u64(0) ?? 0 : 0
        let attributes = [UInt8](repeating: 0, count: 16)
        let requests: [(Opcode, UInt64, [UInt8])] = [
            (.lookup, directory, Kernel.name("file")),
            (.lookup, directory, Kernel.name("none")),
            (.getattr, file, attributes),
            (.read, file, Kernel.range(handle, 0, 4096)),
            (.read, file, Kernel.range(handle, 0, 20000)),
            (.read, file, Kernel.range(handle, 20000, 4096)),
            (.write, file, Kernel.write(handle, 10, [1, 2, 3])),
            (.readdir, directory, Kernel.range(0, 0, 4096)),
            (.readdirplus, directory, Kernel.range(0, 0, 4096)),
            (.forget, directory, Kernel.pack(UInt64(1))),
        ]
        for (opcode, node, body) in requests {
            let count = try allocations(kernel, opcode, node, body)
            // The key by which a tree in memory finds a name is its own.
            #expect(count <= (opcode == .lookup ? 1 : 0), "\(opcode)")
        }
    }
}
