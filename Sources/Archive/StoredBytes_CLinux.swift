internal import CLinux
package import FileTree
import Glibc
import Synchronization

/// Bytes in memory or mapped from a file, for as long as somebody uses them: an index, a table.
///
/// `@unchecked Sendable`: nothing here writes the bytes after `init`, and what is set later is
/// atomic. Bytes of a file that somebody else cuts become zeros, for all threads alike.
package final class StoredBytes: @unchecked Sendable {
    /// The bytes, from an address that is a multiple of 8 if the place in the file was.
    package let bytes: UnsafeRawBufferPointer
    private let mapping: UnsafeMutableRawBufferPointer?
    /// The last byte that is not zero, which a file that is cut has no more: of bytes behind its
    /// new end the kernel reports those of other pages alone, and has the others read as zeros.
    private let witness: UnsafePointer<UInt8>?
    private let isSeenCut = Atomic(false)
    private static let anyIsSeenCut = Atomic(false)
    /// What is no longer is had from the kernel all at once: of a view of many small packages each
    /// would be waited for when it is looked at first.
    private static let wholeLength = 64 << 10

    /// Whether they are a file's.
    package var isMapped: Bool { mapping != nil }

    /// Holds `count` bytes that `fill` writes; they are zero before.
    package init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(16, count),
            alignment: 16
        )
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
        bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
        mapping = nil
        witness = nil
    }

    /// Holds a copy.
    package convenience init(copying source: [UInt8]) {
        self.init(count: source.count) { $0.copyBytes(from: source) }
    }

    /// Maps a part of an open file; what is behind its end reads as zeros, also when it is cut
    /// later.
    ///
    /// `isReadWhole` says that all of it is about to be read. Errors: `.malformed` for no bytes;
    /// those of mmap(2).
    package init(
        mapping descriptor: Int32,
        at offset: UInt64,
        length: Int,
        isReadWhole: Bool = false
    ) throws(FileError) {
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let skipped = Int(offset % page)
        guard length > 0, length <= Int.max - skipped, offset <= UInt64(Int64.max) else {
            throw .malformed("\(length) bytes at \(offset)")
        }
        let start = mmap(
            nil,
            skipped + length,
            PROT_READ,
            MAP_PRIVATE | (isReadWhole || length <= Self.wholeLength ? MAP_POPULATE : 0),
            descriptor,
            off_t(offset) - off_t(skipped)
        )
        guard let start, start != MAP_FAILED else {
            throw FileError(FileError.Kind(number: errno), "mmap")
        }
        let whole = UnsafeMutableRawBufferPointer(start: start, count: skipped + length)
        guard pak_guard_mapping(start, whole.count) == 0 else {
            munmap(start, whole.count)
            throw FileError(.noMemory, "too many mappings")
        }
        mapping = whole
        bytes = UnsafeRawBufferPointer(rebasing: whole[skipped...])
        witness = bytes.suffix(4096).lastIndex { $0 != 0 }.flatMap { [bytes] place in
            bytes.baseAddress.map { ($0 + place).assumingMemoryBound(to: UInt8.self) }
        }
    }

    /// Maps the whole of the file at `path`, which is about to be read.
    ///
    /// Errors: `.malformed` for an empty one and what is no file; those of open(2) and mmap(2).
    package convenience init(mapping path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError(FileError.Kind(number: errno), path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .malformed("\(path): not a file") }
        do throws(FileError) {
            let length = Int(status.st_size)
            try self.init(mapping: descriptor, at: 0, length: length, isReadWhole: true)
        } catch {
            throw error.at(path)
        }
    }

    /// Looks whether the file was cut, for `isCut` to tell: to be asked where something was found
    /// to be missing.
    package func look() {
        guard let witness, witness.pointee == 0 else { return }
        isSeenCut.store(true, ordering: .relaxed)
        Self.anyIsSeenCut.store(true, ordering: .relaxed)
    }

    /// Whether bytes of the file were found to be gone, and read as zeros.
    package var isCut: Bool {
        guard Self.anyIsCut, let mapping else { return false }
        if isSeenCut.load(ordering: .relaxed) { return true }
        return pak_mapping_is_cut(mapping.baseAddress) != 0
    }

    /// Whether that is so of any there ever was; costs two loads.
    package static var anyIsCut: Bool {
        pak_mapping_is_cut(nil) != 0 || anyIsSeenCut.load(ordering: .relaxed)
    }

    deinit {
        if let mapping {
            pak_unguard_mapping(mapping.baseAddress)
            munmap(mapping.baseAddress, mapping.count)
        } else {
            bytes.deallocate()
        }
    }
}
