// A conversation under libFuzzer, with a model of its fids and tags.
//
// The input is a program: each few bytes are one request with fids from 0 to 7, sent to a server
// of a small tree. Every request has to be answered once, in order, under its tag and by its own
// type or an error; and a fid is there exactly if the model, which knows only the protocol, says
// so. An input whose first byte is odd is sent as it is, behind an attach, and may only fail.

import CLinux
import FileTree
public import FuzzDriver
import Glibc
import NineP
import NinePServer

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzSession_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: the kind's byte, then a program or messages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let kind = input.first else { return 0 }
    input.removeFirst()
    let dialect = Dialect(rawValue: kind >> 1 % 3) ?? .plain
    var program = Program(input, dialect)
    do throws(FileError) {
        try program.begin()
        if kind & 1 == 1 {
            program.raw(input)
            _ = converse(program.requests, try sampleTree())
            return 0
        }
        while try program.step() {}
        let replies = converse(program.requests, try sampleTree())
        var model = Model(dialect)
        try model.check(program.requests, replies)
    } catch {
        fatalError("\(error)")
    }
    return 0
}

private func sampleTree() throws(FileError) -> MemoryTree {
    let tree = MemoryTree(capacity: 1 << 20)
    let new = NewNode(permissions: 0o755, uid: 0, gid: 0)
    let a = [UInt8(ascii: "a")]
    let b = [UInt8(ascii: "b")]
    let directory = try tree.root.createDirectory(a.span.bytes, new)
    _ = try directory.createFile(b.span.bytes, new)
    _ = try tree.root.createFile(b.span.bytes, new)
    return tree
}

/// Sends all requests to a server and returns all it answers, files in memory in place of sockets.
private func converse(_ requests: [UInt8], _ tree: MemoryTree) -> [UInt8] {
    let input = pak_memory_file("requests")
    let output = pak_memory_file("replies")
    defer {
        close(input)
        close(output)
    }
    guard write(input, requests, requests.count) == requests.count else { fatalError("no memory") }
    lseek(input, 0, SEEK_SET)
    let server = Server(tree: tree)
    do throws(FileError) {
        try server.serve(input: input, output: output)
    } catch {
        fatalError("\(error)")
    }
    var replies = [UInt8](repeating: 0, count: Int(lseek(output, 0, SEEK_END)))
    lseek(output, 0, SEEK_SET)
    guard read(output, &replies, replies.count) == replies.count else { fatalError("no replies") }
    return replies
}
