// The decoder under libFuzzer: any bytes, in any dialect, are decoded, and what was understood
// is encoded and printed again and must come out the same.
//
// How a fuzz target is made here: a folder Tests/Fuzz/NAME with one file like this one, a line in
// Package.swift's `fuzzTargets`, and finds kept in Tests/Fuzz/Vectors/bad/NAME. The product is
// called fuzz-NAME and is there only if PAK_FUZZ is set. `Tests/Fuzz/run SECONDS [NAME ...]`
// builds and runs them, with the address sanitizer, and fails when one finds something.

import FileTree
public import FuzzDriver
import NineP

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzDecoder_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: the dialect's byte, then messages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let dialect = Dialect(rawValue: first % 3) ?? .plain
    var rest = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    do throws(FileError) {
        while let frame = try Frame.first(in: rest, limit: 1 << 16) {
            if let type = frame.type { try check(type.message, frame, dialect) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(frame.size))
        }
        var entries = EntryReader(rest, dialect)
        while let entry = try entries.nextEntry() { _ = entry.name.count }
        var records = EntryReader(rest, dialect)
        while let record = try records.nextRecord() { _ = record.name.count }
    } catch {
        guard error.kind == .malformed, error.context != nil else {
            fatalError("the decoder says \(error)")
        }
    }
    return 0
}

private func check<M: Message>(_: M.Type, _ frame: Frame, _ dialect: Dialect) throws(FileError) {
    let message = try M(frame, dialect)
    let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 8)
    defer { place.deallocate() }
    var writer = MessageWriter(place, dialect)
    do throws(FileError) {
        try writer.write(message, tag: frame.tag, limit: .max)
    } catch {
        fatalError("what was decoded cannot be encoded: \(error)")
    }
    guard place.prefix(writer.count).elementsEqual(frame.bytes) else {
        fatalError("a message is encoded in another way than it was decoded from")
    }
    let line = MessageText.line(frame, dialect)
    do throws(FileError) {
        let bytes = try MessageText.message(line, tag: 0, dialect)
        guard bytes.elementsEqual(frame.bytes) else { fatalError("printed otherwise: \(line)") }
    } catch {
        fatalError("what was printed cannot be read: \(line): \(error)")
    }
}
