import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

/// Where Linux's writes to a file opened to append go.
@Suite struct AppendTests {
    private func talk() throws -> (Talk, MemoryTree) {
        let tree = try MemoryTree.make("f 644 0 0 1 /log =0123456789")
        let talk = try Talk(tree)
        try talk.begin(.linux)
        return (talk, tree)
    }

    private func text(_ tree: MemoryTree) throws -> String {
        let file = try #require(try tree.root.lookup(Array("log".utf8).span.bytes).file)
        return String(decoding: try TreeText.bytes(file), as: UTF8.self)
    }

    /// v9fs takes the end from the length that it saw last.
    @Test func twoThatAppendLoseNothing() throws {
        let (talk, tree) = try talk()
        try talk.run(
            """
            Twalk 0 1 log
            Rwalk ...
            Tlopen 1 02001
            Rlopen ...
            Twalk 0 2 log
            Rwalk ...
            Tlopen 2 02001
            Rlopen ...
            Twrite 1 10 a
            Rwrite 1
            Twrite 2 10 b
            Rwrite 1
            Twrite 1 11 c
            Rwrite 1
            """
        )
        #expect(try text(tree) == "0123456789abc")
    }

    /// A program may take O_APPEND back, of which no server is told.
    @Test func aWriteInFrontOfTheKnownEndGoesWhereItSays() throws {
        let (talk, tree) = try talk()
        try talk.run(
            """
            Twalk 0 1 log
            Rwalk ...
            Tlopen 1 02001
            Rlopen ...
            Twrite 1 2 ab
            Rwrite 2
            Twrite 1 10 c
            Rwrite 1
            Twrite 1 4 d
            Rwrite 1
            """
        )
        #expect(try text(tree) == "01abd56789c")
    }

    /// With a cache v9fs opens for reading, too, and writes back what it has changed anywhere.
    @Test func whatIsWrittenBackFromACacheGoesWhereItSays() throws {
        let (talk, tree) = try talk()
        try talk.run(
            """
            Twalk 0 1 log
            Rwalk ...
            Tlopen 1 02002
            Rlopen ...
            Twalk 0 2
            Rwalk
            Tlcreate 2 new 02102 0644 0
            Rlcreate ...
            Twrite 2 0 x
            Rwrite 1
            Twrite 2 0 xyz
            Rwrite 3
            Tread 2 0 9
            Rread 'xyz'
            Twrite 1 0 xyz
            Rwrite 3
            """
        )
        #expect(try text(tree) == "xyz3456789")
    }
}
