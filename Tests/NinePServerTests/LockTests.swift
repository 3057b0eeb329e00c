import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct LockTests {
    private func talk(_ server: Server) throws -> Talk {
        let talk = try Talk(server: server)
        try talk.begin(.linux)
        try talk.run("Twalk 0 1 file\nRwalk ...\nTlopen 1 2\nRlopen ...")
        return talk
    }

    private func server() throws -> Server {
        Server(tree: try MemoryTree.make("f 644 0 0 1 file =x"))
    }

    // Tlock fid type flags start length proc_id client_id; types: 0 read, 1 write, 2 none.

    @Test func locksOfOthersAreInTheWay() throws {
        let server = try server()
        let one = try talk(server)
        let two = try talk(server)
        try one.run("Tlock 1 1 0 10 10 7 host\nRlock 0")
        try two.run(
            """
            Tlock 1 0 0 0 10 8 other
            Rlock 0
            Tlock 1 0 0 19 1 8 other
            Rlock 1
            Tlock 1 1 0 0 0 8 other
            Rlock 1
            Tgetlock 1 0 15 100 8 other
            Rgetlock 1 10 10 7 host
            Tgetlock 1 1 20 0 8 other
            Rgetlock 2 20 0 8 other
            Tlock 1 3 0 0 0 8 other
            Rlerror 22
            Tlock 1 0 0 2 18446744073709551615 8 other
            Rlerror 22
            """
        )
        // An owner's own locks are never in its way, and can be given up in part.
        try one.run(
            """
            Tlock 1 0 0 12 2 7 host
            Rlock 0
            Tlock 1 2 0 16 2 7 host
            Rlock 0
            """
        )
        try two.run(
            """
            Tlock 1 0 0 12 2 8 other
            Rlock 0
            Tlock 1 1 0 16 2 8 other
            Rlock 0
            Tlock 1 1 0 14 2 8 other
            Rlock 1
            Tlock 1 1 0 18 1 8 other
            Rlock 1
            """
        )
    }

    @Test func aLockIsWaitedForUntilItIsFree() throws {
        let server = try server()
        let one = try talk(server)
        let two = try talk(server)
        try one.run("Tlock 1 1 0 0 0 7 host\nRlock 0")
        try two.send(
            "Tlock tag 900 fid 1 type 1 flags 1 start 0 length 0 proc_id 8 client_id other"
        )
        try two.run("Tgetattr 0 0x7ff\nRgetattr ...")
        try one.run("Tlock 1 2 0 0 0 7 host\nRlock 0")
        #expect(try two.receive() == "Rlock tag 900 status 0")
        try one.run("Tlock 1 0 0 5 1 7 host\nRlock 1")
    }

    @Test func aClunkOrTheEndGivesLocksUp() throws {
        let server = try server()
        let one = try talk(server)
        do {
            let two = try talk(server)
            try two.run("Tlock 1 1 0 0 5 8 other\nRlock 0\nTclunk 1\nRclunk")
            try one.run("Tlock 1 1 0 0 5 7 host\nRlock 0\nTlock 1 2 0 0 5 7 host\nRlock 0")
            try two.run("Twalk 0 1 file\nRwalk ...\nTlopen 1 2\nRlopen ...")
            try two.run("Tlock 1 1 0 0 5 8 other\nRlock 0")
            try one.send(
                "Tlock tag 900 fid 1 type 1 flags 1 start 0 length 5 proc_id 7 client_id host"
            )
            try one.run("Tgetattr 0 0x7ff\nRgetattr ...")
        }
        #expect(try one.receive() == "Rlock tag 900 status 0")
    }

    @Test func aFlushedWaitTakesNoLock() throws {
        let server = try server()
        let one = try talk(server)
        let two = try talk(server)
        try one.run("Tlock 1 1 0 0 0 7 host\nRlock 0")
        try two.send(
            "Tlock tag 900 fid 1 type 1 flags 1 start 0 length 0 proc_id 8 client_id other"
        )
        try two.run("Tflush 900\nRflush")
        try one.run("Tlock 1 2 0 0 0 7 host\nRlock 0\nTlock 1 1 0 0 0 7 host\nRlock 0")
        try two.run("Tlock 1 0 0 0 1 8 other\nRlock 1")
    }
}
