// A kernel's conversation under libFuzzer, with a model of what the kernel has been told.
//
// The input is a program: each few bytes are one request with one of eight nodes and of eight
// handles that were given, or with numbers that never were. Every request but a forget has to be
// answered once; a node is there exactly as long as it has been told of more often than forgotten,
// and a handle from its open to its release. An input whose first byte is odd is sent as it is,
// and may only fail.

import FileTree
public import FuzzDriver
import Glibc

@testable import FUSEServer

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzFUSE_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: the kind's byte, then a program or requests.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let kind = input.first else { return 0 }
    input.removeFirst()
    do throws(FileError) {
        var kernel = try FuzzedKernel(kind)
        if kind & 1 == 1 { kernel.raw(input) } else { kernel.run(input) }
        kernel.end()
    } catch {
        fatalError("\(error)")
    }
    return 0
}
