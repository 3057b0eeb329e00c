public import FileTree

/// A package's table of names and files, mapped or held in memory as it is on disk.
///
/// Entry 0 is the root directory; a directory's entries are consecutive, sorted by the bytes of
/// their names. The sections' places are checked once, when the index is opened; every access
/// after that is checked against its section, so that an index which somebody changes while it
/// is mapped gives wrong answers at worst.
///
/// All methods may be called from any thread. What a method returns as a buffer stays valid for
/// as long as the index lives.
///
/// `@unchecked Sendable`: the bytes behind the pointers are never written by us, and stay until
/// `storage` goes.
public final class Index: @unchecked Sendable {
    @usableFromInline let inodes: UnsafeRawPointer
    @usableFromInline let entries: UnsafeRawPointer
    @usableFromInline let slots: UnsafeRawPointer
    @usableFromInline let names: UnsafeRawBufferPointer
    @usableFromInline let hashes: UnsafeRawPointer
    @usableFromInline let frames: UnsafeRawPointer
    @usableFromInline let owners: UnsafeRawPointer
    @usableFromInline let aux: UnsafeRawBufferPointer
    let whiteouts: UnsafeRawBufferPointer
    private let storage: StoredBytes
    /// Whether the file that it is in was cut, so that what it says is not to be believed.
    package var isCut: Bool { storage.isCut }

    /// Looks whether it was, where something is missing that may only be gone.
    package func look() { storage.look() }

    /// How many names there are, the root among them.
    public let entryCount: Int
    /// How many files of any kind there are.
    public let inodeCount: Int
    /// How many frames the archive is cut into; 0 for an archive without.
    public let frameCount: Int
    @usableFromInline let hashCount: Int
    @usableFromInline let ownerCount: Int
    @usableFromInline let slotCount: UInt32
    @usableFromInline let seed: UInt64
    /// The bytes of the uncompressed tar.
    public let tarSize: UInt64
    /// The identity of the tar, as the index has it; zero where none was computed.
    public let contentID: ContentID

    /// Opens an index that lies in `storage`.
    ///
    /// Errors: `.malformed` with the field that is wrong.
    init(_ storage: StoredBytes) throws(FileError) {
        self.storage = storage
        let reader = try IndexHeader(storage.bytes)
        entryCount = Int(reader.entryCount)
        inodeCount = Int(reader.inodeCount)
        frameCount = Int(reader.frameCount)
        hashCount = Int(reader.hashCount)
        ownerCount = Int(reader.ownerCount)
        slotCount = reader.slotCount
        seed = reader.seed
        tarSize = reader.tarSize
        contentID = reader.contentID
        inodes = try reader.section(.inodes, count: inodeCount, of: IndexLayout.inodeSize)
        entries = try reader.section(.entries, count: entryCount, of: IndexLayout.entrySize)
        slots = try reader.section(.lookup, count: Int(slotCount), of: 4)
        hashes = try reader.section(.hashes, count: hashCount, of: IndexLayout.hashSize)
        frames = try reader.section(.frames, count: frameCount, of: IndexLayout.frameSize)
        owners = try reader.section(.owners, count: ownerCount, of: IndexLayout.ownerSize)
        names = try reader.section(.names)
        aux = try reader.section(.aux)
        whiteouts = try reader.section(.whiteouts)
    }

    /// Opens an index that is held in memory.
    ///
    /// Errors: `.malformed` with the field that is wrong.
    public convenience init(_ bytes: [UInt8]) throws(FileError) {
        try self.init(StoredBytes(copying: bytes))
    }

    /// Maps an index that is `length` bytes at `offset` of the file open as `descriptor`, which
    /// may be closed afterwards.
    ///
    /// A file cut short while it is mapped reads as zeros from there on. Errors: `.malformed`
    /// with the field that is wrong; those of mmap(2).
    public convenience init(
        mapping descriptor: Int32,
        at offset: UInt64,
        length: Int
    ) throws(FileError) {
        let storage: StoredBytes
        do throws(FileError) {
            storage = try StoredBytes(mapping: descriptor, at: offset, length: length)
        } catch {
            throw error.at("index")
        }
        try self.init(storage)
    }

    /// All bytes of the index, as on disk.
    public var bytes: UnsafeRawBufferPointer { storage.bytes }

    /// Whether the index is what was written, by the hash in its header; reads all of it.
    public var isIntact: Bool {
        let bytes = storage.bytes
        let size = Int(IndexLayout.headerSize)
        guard bytes.count >= size else { return false }
        let hashOffset = IndexLayout.hashOffset
        let stored = ContentID(UnsafeRawBufferPointer(rebasing: bytes[hashOffset..<size]))
        return stored == Self.hash(of: bytes)
    }

    static func hash(of bytes: UnsafeRawBufferPointer) -> ContentID {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<IndexLayout.hashOffset]))
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[IndexLayout.headerSize...]))
        return hash.finish()
    }
}
