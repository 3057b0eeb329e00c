internal import CLinux
import FileTree
import Glibc

/// The bytes of a table, for as long as somebody uses them.
final class TableStorage: @unchecked Sendable {
    // Unchecked because of the pointer: nobody writes the bytes after `init`.
    let bytes: UnsafeRawBufferPointer
    let isMapped: Bool

    /// Holds `count` bytes that `fill` writes; they are zero before.
    init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(16, count),
            alignment: 16
        )
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
        bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
        isMapped = false
    }

    /// Maps the whole of the file at `path`.
    ///
    /// Errors: `.malformed` for an empty one; those of open(2) and mmap(2).
    init(mapping path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(descriptor) }
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError(FileError.Kind(number: errno), path)
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            throw .malformed("\(path): not a table")
        }
        let size = Int(status.st_size)
        let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let start, start != MAP_FAILED else {
            throw FileError(FileError.Kind(number: errno), "mmap of \(path)")
        }
        guard pak_guard_mapping(start, size) == 0 else {
            munmap(start, size)
            throw FileError(.noMemory, "\(path): too many mappings")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
        isMapped = true
    }

    deinit {
        if isMapped {
            pak_unguard_mapping(bytes.baseAddress)
            munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        } else {
            bytes.deallocate()
        }
    }
}
