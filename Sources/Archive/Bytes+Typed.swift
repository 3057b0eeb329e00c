import FileTree

extension [UInt8] {
    /// As `withUnsafeBytes`, which throws any error.
    func withBytes<R>(
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> R
    ) throws(FileError) -> R {
        try span.bytes.withUnsafeBytes(body)
    }

    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
