internal import CLinux
import FileTree
import Glibc

/// The bytes of an index, for as long as somebody uses them.
final class IndexStorage: @unchecked Sendable {
    // Unchecked because of the pointer: nobody writes the bytes after `init`.
    let bytes: UnsafeRawBufferPointer
    private let mapping: UnsafeMutableRawBufferPointer?

    /// Holds a copy.
    init(copying source: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(8, source.count),
            alignment: 8
        )
        memory.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(rebasing: memory[..<source.count])
        mapping = nil
    }

    /// Maps a part of a file; the pages behind its end read as zeros, also when it is cut later.
    init(mapping descriptor: Int32, at offset: UInt64, length: Int) throws(FileError) {
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let skipped = Int(offset % page)
        guard length > 0, length <= Int.max - skipped, offset <= UInt64(Int64.max) else {
            throw .malformed("index: \(length) bytes at \(offset)")
        }
        let start = mmap(
            nil,
            skipped + length,
            PROT_READ,
            MAP_PRIVATE,
            descriptor,
            off_t(offset) - off_t(skipped)
        )
        guard let start, start != MAP_FAILED else {
            throw FileError(FileError.Kind(number: errno), "mmap of an index")
        }
        let whole = UnsafeMutableRawBufferPointer(start: start, count: skipped + length)
        guard pak_guard_mapping(start, whole.count) == 0 else {
            munmap(start, whole.count)
            throw FileError(.noMemory, "index: too many mappings")
        }
        mapping = whole
        bytes = UnsafeRawBufferPointer(rebasing: whole[skipped...])
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
