import FileTree
import Glibc
import Testing
import TreeConformance

@testable import FUSEServer

/// The protocol's own checks and layouts, without a kernel.
@Suite struct WireTests {
    private func kernel(
        _ change: (inout FUSEServer.Options) -> Void = { $0.isWritable = true }
    ) throws -> Kernel {
        Kernel(
            try MemoryTree.make(
                """
                d 755 0 0 - /
                d 750 3 4 - a
                f 640 1 2 100 a/b =hello
                h a/d a/b
                l 777 0 0 5 a/c >../big
                f 600 0 0 7 big *9000:7
                """
            ),
            change
        )
    }

    @Test func theFirstAnswerTakesOnlyWhatIsOffered() throws {
        for flags: UInt64 in [0, .max, InitFlags.noOpen.rawValue, 0xffff_ffff] {
            let kernel = Kernel(MemoryTree(), MemoryTree().root, isAgreed: false)
            let answer = try #require(kernel.ask(.initialize, 0, Kernel.offer(flags: flags)))
            let taken = UInt64(answer.u32(12)) | UInt64(answer.u32(32)) << 32
            #expect(answer.error == 0 && answer.body.count == 64)
            #expect(answer.u32(0) == 7 && answer.u32(4) == 45)
            #expect(taken & ~flags == 0)
            #expect(
                answer.u32(20) == (flags & InitFlags.maxPages.rawValue != 0 ? 1 << 20 : 1 << 17)
            )
        }
    }

    @Test func theFirstAnswerIsByteExact() throws {
        let kernel = Kernel(MemoryTree(), MemoryTree().root, isAgreed: false) { _ in }
        let answer = kernel.ask(.initialize, 0, Kernel.offer(minor: 31, flags: 0xffff_ffff))
        let flags: InitFlags = [
            .asyncRead, .bigWrites, .readdirplus, .readdirplusAuto, .asyncDirect,
            .parallelDirectories, .maxPages, .cacheSymlinks, .extended, .noOpendir,
            .explicitInvalidate, .noOpen,
        ]
        var expected =
            Kernel.pack(UInt32(7)) + Kernel.pack(UInt32(31)) + Kernel.pack(UInt32(131072))
        expected +=
            Kernel.pack(UInt32(flags.rawValue)) + [64, 0, 48, 0] + [0, 0, 16, 0, 1, 0, 0, 0]
        expected += [0, 1] + [UInt8](repeating: 0, count: 34)
        #expect(answer == Kernel.Answer(error: 0, body: expected))
    }

    @Test func otherVersionsAreRefusedOrToldOurs() {
        let kernel = Kernel(MemoryTree(), MemoryTree().root, isAgreed: false)
        #expect(kernel.ask(.lookup, 1, Kernel.name("x"))?.error == EPROTO)
        #expect(kernel.ask(.initialize, 0, Kernel.offer(minor: 30))?.error == EPROTO)
        #expect(kernel.ask(.initialize, 0, Kernel.offer(major: 6))?.error == EPROTO)
        let answer = kernel.ask(.initialize, 0, Kernel.offer(major: 8, minor: 1))
        #expect(answer?.u32(0) == 7)
        #expect(kernel.ask(.lookup, 1, Kernel.name("x"))?.error == EPROTO)
        #expect(kernel.ask(.initialize, 0, Kernel.offer())?.error == 0)
        #expect(kernel.ask(.lookup, 1, Kernel.name("x"))?.error == 0)
    }

    @Test func whatANameStandsForIsByteExact() throws {
        let kernel = try kernel()
        let directory = kernel.lookup("a")
        let answer = try #require(kernel.ask(.lookup, directory, Kernel.name("b")))
        let number = answer.u64(0)
        let forever = Kernel.pack(UInt64(1 << 31))
        var expected = Kernel.pack(number) + Kernel.pack(UInt64(0)) + forever + forever
        expected += Kernel.pack(UInt64(0))
        // ino, size, blocks, and three times of which the tree sets one.
        expected += Kernel.pack(number) + Kernel.pack(UInt64(5))
        expected += Kernel.pack(answer.u64(56)) + Kernel.pack(answer.u64(64))
        expected += Kernel.pack(UInt64(100)) + Kernel.pack(answer.u64(80))
        expected += [UInt8](repeating: 0, count: 12)
        expected += Kernel.pack(UInt32(0o100640)) + Kernel.pack(UInt32(2)) + Kernel.pack(UInt32(1))
        expected += Kernel.pack(UInt32(2)) + Kernel.pack(UInt32(0)) + Kernel.pack(UInt32(4096))
        expected += Kernel.pack(UInt32(0))
        #expect(answer == Kernel.Answer(error: 0, body: expected))
        // The two names of one file are one inode.
        #expect(kernel.lookup("d", in: directory) == number)
    }

    @Test func aMissingNameIsAnAnswerThatIsKept() throws {
        let kernel = try kernel { $0.caching = .seconds(1.5) }
        let answer = try #require(kernel.ask(.lookup, 1, Kernel.name("none")))
        #expect(answer.error == 0 && answer.u64(0) == 0)
        #expect(answer.u64(16) == 1 && answer.u32(32) == 500_000_000)
        #expect(kernel.conversation.nodes.known == 0)
    }

    @Test(arguments: Opcode.allCases)
    func aRequestThatIsCutShortIsRefused(_ opcode: Opcode) throws {
        for count in 0..<opcode.fixedSize {
            let kernel = Kernel(MemoryTree())
            let answer = kernel.ask(opcode, 1, [UInt8](repeating: 0, count: count))
            if opcode.isOneWay {
                #expect(answer == nil)
            } else {
                #expect(answer?.error == EIO, "\(opcode), \(count) bytes")
            }
            #expect(kernel.complaints.all.count == 1)
        }
    }

    /// A whole request of each kind that changes the tree, and what is asked of.
    private static let changes: [(Opcode, [UInt8])] = [
        (.mkdir, Kernel.pack(UInt64(0o755)) + Kernel.name("new")),
        (.mknod, Kernel.pack(UInt64(0o100644)) + Kernel.pack(UInt64(0)) + Kernel.name("new")),
        (
            .create,
            Kernel.pack(UInt64(2 | 0o644 << 32)) + Kernel.pack(UInt64(0)) + Kernel.name("new")
        ),
        (.symlink, Kernel.name("new") + Kernel.name("target")),
        (.unlink, Kernel.name("big")),
        (.rmdir, Kernel.name("a")),
        (.rename, Kernel.pack(UInt64(1)) + Kernel.name("big") + Kernel.name("new")),
        (
            .rename2,
            Kernel.pack(UInt64(1)) + Kernel.pack(UInt64(0)) + Kernel.name("big")
                + Kernel.name("new")
        ),
        (.setxattr, Kernel.pack(UInt32(1)) + Kernel.pack(UInt32(0)) + Kernel.name("user.x") + [7]),
        (.removexattr, Kernel.name("user.x")),
    ]

    @Test(arguments: changes.indices)
    func anyTruncationChangesNothing(_ index: Int) throws {
        let (opcode, body) = Self.changes[index]
        for count in 0..<body.count {
            let tree = try MemoryTree.make("d 755 0 0 - /\nd 755 0 0 - a\nf 644 0 0 1 big =x\n")
            let kernel = Kernel(tree)
            let answer = kernel.ask(opcode, 1, Array(body[..<count]))
            #expect(answer?.error != 0, "\(opcode), \(count) bytes")
            let names = try TreeText.names(tree.root).map { String(decoding: $0, as: UTF8.self) }
            #expect(names == ["a", "big"])
        }
    }

    @Test func aHeadThatLiesIsNotAnswered() throws {
        let kernel = try kernel()
        let whole = Kernel.request(
            Opcode.getattr.rawValue,
            1,
            [UInt8](repeating: 0, count: 16),
            unique: 9
        )
        for count in 0..<whole.count { #expect(kernel.send(Array(whole[..<count])) == nil) }
        #expect(kernel.send(whole + [0]) == nil)
        #expect(kernel.complaints.all.count == whole.count + 1)
        // Extensions that reach into the head.
        var extended = whole
        extended[36] = 255
        extended[37] = 255
        #expect(kernel.send(extended)?.error == EIO)
    }

    @Test func whatIsNotKnownIsRefused() throws {
        let kernel = try kernel { options in
            options.isWritable = true
            options.opensFiles = true
        }
        let known = Set(Opcode.allCases.map(\.rawValue))
        for opcode: UInt32 in (0...60).map({ $0 }) + [4096, .max] where !known.contains(opcode) {
            let answer = kernel.send(Kernel.request(opcode, 1, [], unique: 5))
            #expect(answer == Kernel.Answer(error: ENOSYS, body: []))
        }
        for node: UInt64 in [0, 99, .max] {
            #expect(kernel.ask(.getattr, node, [UInt8](repeating: 0, count: 16))?.error == ENOENT)
            #expect(kernel.ask(.lookup, node, Kernel.name("x"))?.error == ENOENT)
            #expect(kernel.ask(.link, 1, Kernel.pack(node) + Kernel.name("x"))?.error == ENOENT)
        }
        let file = kernel.lookup("big")
        for handle: UInt64 in [0, 1, 1 << 32, .max] {
            #expect(kernel.ask(.read, file, Kernel.range(handle, 0, 10))?.error == EBADF)
            #expect(kernel.ask(.write, file, Kernel.write(handle, 0, [1]))?.error == EBADF)
            #expect(
                kernel.ask(.release, file, Kernel.pack(handle) + [UInt8](repeating: 0, count: 16))?
                    .error == 0
            )
        }
        #expect(kernel.ask(.lookup, file, Kernel.name("x"))?.error == ENOTDIR)
        #expect(kernel.ask(.readlink, file)?.error == EINVAL)
        #expect(kernel.ask(.open, 1, [UInt8](repeating: 0, count: 8))?.error == EISDIR)
    }

    @Test(arguments: ["", ".", "..", "a/b", String(repeating: "x", count: 256)])
    func aNameThatIsNoneIsRefused(_ name: String) throws {
        let kernel = try kernel()
        let number = name.utf8.count > 255 ? ENAMETOOLONG : EINVAL
        let bytes = Kernel.name(name)
        let fields = [UInt8](repeating: 0, count: 16)
        #expect(kernel.ask(.lookup, 1, bytes)?.error == number)
        #expect(kernel.ask(.create, 1, fields + bytes)?.error == number)
        #expect(kernel.ask(.mkdir, 1, Array(fields[..<8]) + bytes)?.error == number)
        #expect(kernel.ask(.unlink, 1, bytes)?.error == number)
        #expect(
            kernel.ask(.rename, 1, Kernel.pack(UInt64(1)) + Kernel.name("big") + bytes)?.error
                == number
        )
    }

    @Test func aFileGoesWithTheLastOfItsLookups() throws {
        let kernel = try kernel()
        let number = kernel.lookup("big")
        for _ in 0..<2 { #expect(kernel.lookup("big") == number) }
        kernel.tell(.forget, number, Kernel.pack(UInt64(2)))
        #expect(kernel.ask(.getattr, number, [UInt8](repeating: 0, count: 16))?.error == 0)
        let both =
            Kernel.pack(number) + Kernel.pack(UInt64(1)) + Kernel.pack(UInt64(77))
            + Kernel.pack(UInt64(1))
        // More than there are, as its count has it, are those that there are.
        kernel.tell(.batchForget, 0, Kernel.pack(UInt32(1000)) + Kernel.pack(UInt32(0)) + both)
        #expect(kernel.ask(.getattr, number, [UInt8](repeating: 0, count: 16))?.error == ENOENT)
        #expect(kernel.conversation.nodes.known == 0)
        kernel.tell(.forget, 1, Kernel.pack(UInt64.max))
        #expect(kernel.ask(.getattr, 1, [UInt8](repeating: 0, count: 16))?.error == 0)
    }

    @Test func noMoreIsHeldThanTheLimitsAllow() throws {
        let kernel = try kernel { options in
            options.opensFiles = true
            options.limits.files = 1
            options.limits.openFiles = 2
        }
        let file = kernel.lookup("big")
        #expect(kernel.ask(.lookup, 1, Kernel.name("a"))?.error == ENOMEM)
        #expect(kernel.conversation.nodes.known == 1)
        let open = [UInt8](repeating: 0, count: 8)
        let first = try #require(kernel.ask(.open, file, open)?.u64(0))
        #expect(kernel.ask(.open, file, open)?.error == 0)
        #expect(kernel.ask(.open, file, open)?.error == EMFILE)
        kernel.ask(.release, file, Kernel.pack(first) + [UInt8](repeating: 0, count: 16))
        let next = try #require(kernel.ask(.open, file, open)?.u64(0))
        #expect(next != first)
        #expect(kernel.ask(.read, file, Kernel.range(first, 0, 1))?.error == EBADF)
        #expect(kernel.ask(.read, file, Kernel.range(next, 0, 1))?.body.count == 1)
    }

    @Test func readsAreCutAtTheFilesEnd() throws {
        let kernel = try kernel { _ in }
        let file = kernel.lookup("big")
        for (offset, count, expected) in [
            (0, 10, 10), (0, 9000, 9000), (8990, 4096, 10), (9000, 5, 0), (UInt64(Int64.max), 5, 0),
            (.max, 5, 0), (0, .max, 9000), (2000, 5000, 5000),
        ] as [(UInt64, UInt32, Int)] {
            let answer = kernel.ask(.read, file, Kernel.range(0, offset, count))
            #expect(answer?.error == 0 && answer?.body.count == expected, "\(offset), \(count)")
        }
    }

    @Test func writesHaveToHoldWhatTheySay() throws {
        let kernel = try kernel()
        let file = kernel.lookup("big")
        #expect(kernel.ask(.write, file, Kernel.write(0, 0, [1, 2], count: 3))?.error == EIO)
        #expect(kernel.ask(.write, file, Kernel.write(0, .max, [1]))?.error == EFBIG)
        #expect(kernel.ask(.write, file, Kernel.write(0, 1, [1, 2]))?.u32(0) == 2)
        #expect(kernel.ask(.read, file, Kernel.range(0, 1, 2))?.body == [1, 2])
        let still = try self.kernel { _ in }
        let other = still.lookup("big")
        #expect(still.ask(.write, other, Kernel.write(0, 1, [1]))?.error == EROFS)
        #expect(still.ask(.unlink, 1, Kernel.name("big"))?.error == EROFS)
        #expect(still.ask(.setattr, other, [UInt8](repeating: 0, count: 88))?.error == EROFS)
    }

    @Test func aListingInPiecesHasEachNameOnce() throws {
        let tree = MemoryTree()
        for number in 0..<100 {
            _ = try tree.root.createFile(
                "name-\(number)".utf8Bytes.span.bytes,
                NewNode(permissions: 0o644, uid: 0, gid: 0)
            )
        }
        for (opcode, size) in [(Opcode.readdir, 200), (.readdirplus, 400), (.readdirplus, 1 << 20)]
        {
            let kernel = Kernel(tree)
            var offset: UInt64 = 0
            var names: [String] = []
            while let answer = kernel.ask(opcode, 1, Kernel.range(0, offset, UInt32(size))),
                !answer.body.isEmpty
            {
                #expect(answer.error == 0 && answer.body.count <= size)
                var place = 0
                while place < answer.body.count {
                    let head = place + (opcode == .readdirplus ? 128 : 0)
                    let length = Int(answer.u32(head + 16))
                    let name = answer.body[(head + 24)..<(head + 24 + length)]
                    names.append(String(decoding: name, as: UTF8.self))
                    offset = answer.u64(head + 8)
                    if opcode == .readdirplus, names.count > 2 {
                        #expect(answer.u64(place) == answer.u64(head))
                    }
                    place = (head + 24 + length + 7) & ~7
                }
            }
            #expect(names.count == 102 && Set(names).count == 102)
            #expect(kernel.conversation.nodes.known == (opcode == .readdirplus ? 100 : 0))
        }
    }

    @Test func ownersThatTheNamespaceLacksAreShownAsAnother() throws {
        let kernel = try kernel { options in
            options.owners = Owners(
                users: [0...0, 1000...1000],
                groups: [0...2],
                otherUser: 1000,
                otherGroup: 7
            )
        }
        let directory = kernel.lookup("a")
        let attributes = kernel.ask(.getattr, directory, [UInt8](repeating: 0, count: 16))
        #expect(attributes?.u32(16 + 68) == 1000 && attributes?.u32(16 + 72) == 7)
        let file = kernel.ask(.lookup, directory, Kernel.name("b"))
        #expect(file?.u32(40 + 68) == 1000 && file?.u32(40 + 72) == 2)
    }

    @Test func aNodeIsFoundByItsInode() throws {
        let tree = try MemoryTree.make("f 644 0 0 1 f =x\n")
        let kernel = Kernel(tree)
        let number = kernel.lookup("f")
        let inode = try tree.root.lookup("f".utf8Bytes.span.bytes).qidPath
        #expect(kernel.conversation.nodes.number(of: inode) == number)
        #expect(try kernel.conversation.nodes.find(number).qidPath == inode)
        #expect(kernel.conversation.nodes.number(of: tree.root.qidPath) == 1)
    }

    @Test func noticesAreByteExact() {
        let entry = Conversation.Notice.entry(parent: 1, name: [120]).bytes
        #expect(
            entry == [34, 0, 0, 0, 3, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
                + Kernel.pack(UInt64(1)) + [1, 0, 0, 0, 0, 0, 0, 0, 120, 0]
        )
        let inode = Conversation.Notice.inode(258).bytes
        #expect(
            inode == [40, 0, 0, 0, 2, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
                + Kernel.pack(UInt64(258)) + [UInt8](repeating: 0, count: 16)
        )
        let attributes = Conversation.Notice.attributes(258).bytes
        #expect(attributes == inode.prefix(24) + Kernel.pack(UInt64.max) + Kernel.pack(UInt64(0)))
    }
}

extension String {
    /// The bytes, as a tree wants names.
    var utf8Bytes: [UInt8] { Array(utf8) }
}
