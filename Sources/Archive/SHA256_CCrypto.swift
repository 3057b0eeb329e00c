internal import CCrypto
import FileTree

/// SHA-256 of bytes as they come.
public struct SHA256: ~Copyable {
    private var context = SHA256_CTX()

    /// Starts a hash of no bytes.
    public init() { SHA256_Init(&context) }

    /// Continues one that is not ended: both may go on.
    public init(copying other: borrowing SHA256) { context = other.context }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count > 0 { SHA256_Update(&context, bytes.baseAddress, bytes.count) }
    }

    /// Ends the hash, and starts the next.
    public mutating func finish() -> ContentID {
        var id = ContentID()
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
            digest.initializeMemory(as: UInt8.self, repeating: 0)
            SHA256_Final(digest.baseAddress, &context)
            id = ContentID(UnsafeRawBufferPointer(digest)) ?? ContentID()
        }
        SHA256_Init(&context)
        return id
    }

    /// The SHA-256 of bytes that are all there.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> ContentID {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// The SHA-256 of bytes that are all there.
    public static func hash(_ bytes: [UInt8]) -> ContentID {
        bytes.withUnsafeBytes { hash($0) }
    }
}
