// A layer's log under libFuzzer. An input whose first byte is odd is a log as it is; of any other
// the rest is bodies of records, each behind its length in two bytes, which are put into frames
// with right sums, so that what is behind them is reached. What is read is written again and must
// give the same bytes; and all of it is a layer, whose every object has a path.

import FileTree
public import FuzzDriver
import Synchronization

@testable import CaptureTree

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzLog_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: a log, or the bodies of records.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let log = input[0] & 1 == 1 ? Array(input[1...]) : framed(input[1...])
    do throws(FileError) {
        var reader = try LogReader(size: UInt64(log.count)) { (offset, count) throws(FileError) in
            Array(log[min(log.count, Int(offset))...].prefix(count))
        }
        var records: [Record] = []
        var copy = LogFormat.header(id: reader.id)
        var scratch = RecordWriter()
        reading: while true {
            switch try reader.next() {
            case let .record(record):
                records.append(record)
                copy.sum = try LogFormat.append(
                    record,
                    after: copy.sum,
                    to: &copy.bytes,
                    using: &scratch
                )
                guard copy.bytes == Array(log[..<Int(reader.offset)]), copy.sum == reader.sum else {
                    fatalError("\(record) is written as other bytes than it was read from")
                }
            case .end: break reading
            case let .torn(error), let .damaged(error):
                guard error.kind == .malformed, error.context?.contains("offset") == true else {
                    fatalError("the log says \(error)")
                }
                break reading
            }
        }
        try apply(records)
    } catch {
        guard [.malformed, .unsupported].contains(error.kind), error.context != nil else {
            fatalError("the log says \(error)")
        }
    }
    return 0
}

/// Makes a layer of records, which nobody has seen to be of one.
private func apply(_ records: [Record]) throws(FileError) {
    var state = LayerState(id: 1)
    for record in records { state.apply(record) }
    // What the log is when it is written anew can be read, and carried out.
    var anew: [Record] = []
    try state.forEachRecord { anew.append($0) }
    var (log, sum) = LogFormat.header(id: 1)
    var scratch = RecordWriter()
    for record in anew {
        sum = try LogFormat.append(record, after: sum, to: &log, using: &scratch)
    }
    let bytes = log
    var reader = try LogReader(size: UInt64(log.count)) { (offset, count) throws(FileError) in
        Array(bytes[min(bytes.count, Int(offset))...].prefix(count))
    }
    let again = try LayerState(id: 1) { (body) throws(FileError) in
        guard try reader.readAll(body) == nil else { fatalError("the new log is cut short") }
    }
    guard again.objects.count <= state.objects.count else {
        fatalError("objects came by themselves")
    }
    let layer = try Layer(state, journal: MemoryJournal(), data: MemoryDataFiles())
    let base = MemoryTree()
    let tree = try CaptureTree(layer: layer, over: base.root, in: base)
    layer.state.withLock { state in
        for object in state.objects.values { _ = state.path(of: object) }
    }
    do throws(FileError) {
        try tree.forEachTouched { _ throws(FileError) in }
        try tree.root.entries(from: 0) { (_, _) in true }
    } catch {
        // Lower objects that the log names are not there, or other ones.
    }
}

private func framed(_ input: ArraySlice<UInt8>) -> [UInt8] {
    var (log, sum) = LogFormat.header(id: 1)
    var rest = input
    while rest.count > 2, let low = rest.popFirst(), let high = rest.popFirst() {
        let body = rest.prefix(Int(low) | Int(high) << 8)
        rest = rest.dropFirst(body.count)
        let start = log.count
        let size = UInt32(body.count)
        withUnsafeBytes(of: size.littleEndian) { log.append(contentsOf: $0) }
        let check = LogFormat.check(after: sum, size)
        withUnsafeBytes(of: check.littleEndian) { log.append(contentsOf: $0) }
        log.append(contentsOf: body)
        sum = LogFormat.sum(after: sum, log.span.bytes.extracting(start..<log.count))
        withUnsafeBytes(of: sum.littleEndian) { log.append(contentsOf: $0) }
    }
    return log
}
