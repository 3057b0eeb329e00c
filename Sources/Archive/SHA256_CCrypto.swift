internal import CCrypto
import FileTree

/// SHA-256 of bytes as they come.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer?

    /// Starts a hash of no bytes.
    public init() {
        context = EVP_MD_CTX_new()
        start()
    }

    deinit { EVP_MD_CTX_free(context) }

    private func start() {
        // Fetched once: looking the algorithm up costs more than hashing a small file.
        EVP_DigestInit_ex2(context, Algorithm.sha256.pointer, nil)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count > 0 { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }
    }

    /// Ends the hash, and starts the next.
    public mutating func finish() -> ContentID {
        var id = ContentID()
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
            digest.initializeMemory(as: UInt8.self, repeating: 0)
            EVP_DigestFinal_ex(context, digest.baseAddress, nil)
            id = ContentID(UnsafeRawBufferPointer(digest)) ?? ContentID()
        }
        start()
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

// The algorithm, fetched once.
//
// `@unchecked Sendable`: the description is never changed once it is fetched.
private struct Algorithm: @unchecked Sendable {
    let pointer: OpaquePointer?
    static let sha256 = Algorithm(pointer: EVP_MD_fetch(nil, "SHA256", nil))
}
