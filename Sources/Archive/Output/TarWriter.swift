import FileTree

/// Writes a plain tar: members in the order in which they come, and no manifest.
struct TarWriter: ~Copyable {
    private var output: HashedOutput
    private var encoder = TarEncoder()
    private var left: UInt64 = 0
    private var padding = 0

    init(_ descriptor: Int32) { output = HashedOutput(descriptor) }

    /// Adds a member, whose stored bytes come next, by `write`.
    ///
    /// Errors: `.invalid` when bytes of the one before are missing, or for runs that tars have
    /// in other blocks; `.unsupported` for a socket.
    mutating func append(_ member: Member) throws(FileError) {
        try checkAllWritten()
        if let segments = member.segments, member.hardLink == nil {
            guard try SparseRuns(segments, size: member.size).runs == segments else {
                throw FileError(.invalid, "\(member.displayPath): runs that are not whole blocks")
            }
        }
        try encoder.encode(member)
        try output.append(encoder.header)
        try output.append(encoder.map)
        left = member.storedSize
        let part = Int(left % UInt64(TarEncoder.blockSize))
        padding = part > 0 ? TarEncoder.blockSize - part : 0
    }

    /// Adds stored bytes of the member that was appended last.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard UInt64(bytes.count) <= left else {
            throw FileError(.invalid, "more bytes than the file has")
        }
        left -= UInt64(bytes.count)
        try output.append(bytes)
        if left == 0 { try output.append(zeros: padding) }
    }

    /// Ends the tar; returns the SHA-256 of it.
    mutating func finish() throws(FileError) -> ContentID {
        try checkAllWritten()
        try output.append(zeros: 2 * TarEncoder.blockSize)
        return try output.finish()
    }

    private func checkAllWritten() throws(FileError) {
        guard left == 0 else { throw FileError(.invalid, "\(left) bytes of a file are missing") }
    }
}
