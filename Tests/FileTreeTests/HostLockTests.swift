import Glibc
import ScratchFolder
import Testing

@testable import FileTree

/// Locks of files by flock(2).
@Suite struct HostLockTests {
    @Test func aLockEndsWithItsFileAlthoughAChildHasIt() throws {
        let scratch = try ScratchFolder()
        let calls = HostCalls()
        let folder = try HostDescriptor.openRoot(path: scratch.path)
        var file: HostDescriptor? = try calls.lockFile("lock", in: folder)
        // What a process has that was made beside and does not run its program yet.
        let child = dup(try #require(file).number)
        defer { close(child) }
        try calls.lock(#require(file), shared: false)
        let other = try calls.lockFile("lock", in: folder)
        #expect(throws: FileError(.busy)) { try calls.lock(other, shared: false) }
        file = nil
        try calls.lock(other, shared: false)
    }
}
