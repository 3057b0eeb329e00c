// The tar reader under libFuzzer: any bytes are read as a tar, with every header's checksum made
// right first, so that what is behind it is reached. What is read goes into an index, which must
// open and hold it.

import Archive
import FileTree
public import FuzzDriver

/// The program's start; see `FuzzDriver`.
@_cdecl("FuzzTar_main")
public func fuzzMain(_ count: CInt, _ arguments: FuzzDriver.Arguments) -> CInt {
    FuzzDriver.run(count, arguments) { fuzzOneInput($0, $1) }
}

/// One input: a tar.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = Bytes(Array(UnsafeBufferPointer(start: start, count: count)))
    var reader = TarReader(source)
    var builder = IndexBuilder()
    var last: Member?
    do throws(FileError) {
        while let member = try reader.read() {
            guard reader.dataOffset + member.storedSize <= source.size else {
                fatalError("\(member.displayPath): bytes past the end")
            }
            try builder.add(member, dataOffset: reader.dataOffset)
            last = member
        }
        let index = try Index(builder.build())
        if let last {
            guard let entry = index.entry(atPath: last.path),
                index.path(entry) == last.path, index.isListed(entry)
            else { fatalError("\(last.displayPath): not in the index") }
        }
    } catch {
        guard [.malformed, .unsupported].contains(error.kind), error.context != nil else {
            fatalError("the tar says \(error)")
        }
    }
    return 0
}

private final class Bytes: TarSource {
    private let bytes: [UInt8]
    var size: UInt64 { UInt64(bytes.count) }
    var path: String { "input" }

    init(_ input: [UInt8]) {
        var bytes = input
        for start in stride(from: 0, to: max(0, bytes.count - 511), by: 512)
        where bytes[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) {
            for at in 148..<156 { bytes[start + at] = UInt8(ascii: " ") }
            var sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
            for at in (148..<154).reversed() {
                bytes[start + at] = UInt8(ascii: "0") + UInt8(sum & 7)
                sum >>= 3
            }
            bytes[start + 154] = 0
        }
        self.bytes = bytes
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset < size else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}
