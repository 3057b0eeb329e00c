import FileTree

/// Writes bytes to a descriptor, many at a time, and hashes them.
struct HashedOutput: ~Copyable {
    private let descriptor: Int32
    private var hash = SHA256()
    private var room: [UInt8] = []

    private static let roomSize = 128 << 10

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        room.reserveCapacity(2 * Self.roomSize)
    }

    mutating func append(_ bytes: some Collection<UInt8>) throws(FileError) {
        room.append(contentsOf: bytes)
        if room.count >= Self.roomSize { try flush() }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if bytes.count < Self.roomSize {
            room.append(contentsOf: bytes)
            if room.count >= Self.roomSize { try flush() }
        } else {
            try flush()
            try write(bytes)
        }
    }

    mutating func append(zeros count: Int) throws(FileError) {
        try append(repeatElement(0, count: count))
    }

    /// Writes what is left; returns the SHA-256 of all.
    mutating func finish() throws(FileError) -> ContentID {
        try flush()
        return hash.finish()
    }

    private mutating func flush() throws(FileError) {
        let bytes = room
        try bytes.withBytes { bytes throws(FileError) in try write(bytes) }
        room.removeAll(keepingCapacity: true)
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try HostWrite.all(bytes, to: descriptor)
        hash.update(bytes)
    }
}
