/// Bytes that are held, as an open file to be read.
package final class HeldBytes: OpenFile {
    private let bytes: [UInt8]

    /// Holds `bytes`; none are an empty file.
    package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset < UInt64(bytes.count) else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}
