// The index reader under libFuzzer: any bytes are opened as an index, and what opens is asked for
// everything there is, at and past its ends. Nothing may be read out of bounds, and no walk of
// entries may go on for ever.

import Archive
import FileTree
public import FuzzDriver

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzIndex_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: an index.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(FileError) {
        check(try Index(Array(UnsafeBufferPointer(start: start, count: count))))
    } catch {
        guard error.kind == .malformed, error.context != nil else {
            fatalError("the index says \(error)")
        }
    }
    return 0
}

/// Uses every byte it is shown, so that none is left unread.
private struct Sum {
    private var value = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer) { for byte in bytes { add(Int(byte)) } }
    mutating func add(_ number: Int) { value &+= number }
}

private func check(_ index: Index) {
    var sum = Sum()
    for entry in 0...UInt32(index.entryCount) {
        let name = index.name(entry)
        sum.add(name)
        let children = index.children(entry)
        guard children.isEmpty || children.lowerBound > entry,
            Int(children.upperBound) <= index.entryCount, index.parent(entry) <= entry
        else { fatalError("entry \(entry) leads back or out") }
        sum.add(index.path(entry).count)
        sum.add(Int(index.lookup(index.parent(entry), name) ?? 0))
        sum.add(index.isListed(entry) ? 1 : 0)
        for number in [index.inodeNumber(entry), entry, .max] { check(index, number, &sum) }
    }
    for paths in [index.holes, index.opaques] { sum.add(paths.count) }
    for id in [0, 1, UInt32.max] {
        sum.add(index.userName(id)?.count ?? 0)
        sum.add(index.groupName(id)?.count ?? 0)
    }
    sum.add(index.isIntact ? 1 : 0)
}

private func check(_ index: Index, _ number: UInt32, _ sum: inout Sum) {
    let inode = index.inode(number)
    guard inode.modified.nanoseconds < 1_000_000_000, inode.size < 1 << 48 else {
        fatalError("inode \(number) is out of range")
    }
    sum.add(index.linkTarget(inode))
    sum.add(Int(truncatingIfNeeded: index.device(inode) &+ index.allocated(inode)))
    sum.add(index.hash(inode) == nil ? 0 : 1)
    var attributes: [UnsafeRawBufferPointer] = []
    index.forEachAttribute(inode) { name, value in
        attributes += [name, value]
        return attributes.count < 1000
    }
    for bytes in attributes { sum.add(bytes) }
    guard let segments = index.segments(inode) else { return }
    for number in 0..<segments.count {
        sum.add(Int(truncatingIfNeeded: segments[number].offset &+ segments.stored(number)))
    }
}
