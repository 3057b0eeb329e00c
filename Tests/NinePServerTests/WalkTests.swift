import FileTree
import NineP
import Testing
import TreeConformance

@testable import NinePServer

@Suite struct WalkTests {
    static let tree = """
        f 644 0 0 1 usr/bin/jq =jq
        l 777 0 0 1 usr/link >bin
        d 755 0 0 1 tmp
        """

    @Test func walkPastAMissingNameReturnsTheQidsSoFar() throws {
        let talk = try Talk(MemoryTree.make(Self.tree))
        try talk.begin(.linux)
        try talk.run(
            """
            Twalk 0 1 usr bin sh
            Rwalk nwqid 2 ...
            Tclunk 1
            Rlerror 9
            Twalk 0 1 opt bin
            Rlerror 2
            """
        )
    }
}
