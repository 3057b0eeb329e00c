import FileTree

/// Bytes taken one block after the other: a file, or a member of an archive around it.
protocol ByteSource: AnyObject {
    /// The next bytes, valid until the next call; empty at the end.
    func nextBlock() throws(FileError) -> UnsafeRawBufferPointer

    /// The length in bytes, where any place can be taken next; nil where there is only onward.
    var length: UInt64? { get }

    /// Goes to `offset`, which is at most the length.
    func seek(to offset: UInt64)
}

extension ByteSource {
    var length: UInt64? { nil }

    func seek(to offset: UInt64) {}

    /// Shows every block up to the end.
    func forEachBlock(
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        while true {
            let block = try nextBlock()
            if block.isEmpty { return }
            try body(block)
        }
    }
}
