import CLinux
import FileTree
import Glibc

/// Bytes put down in the order they come and read again in any: in memory while they are few,
/// then in a file that has no name, so that nothing is left whatever ends the process.
final class Spool {
    /// Bytes kept in memory before there is a file.
    private static let memoryLimit = 8 << 20

    private(set) var size: UInt64 = 0
    private var memory: UnsafeMutableRawBufferPointer
    private var used = 0
    private var descriptor: Int32 = -1
    private var mapping: UnsafeMutableRawPointer?

    init() {
        memory = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit {
        memory.deallocate()
        if let mapping { munmap(mapping, Int(size)) }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Puts bytes at the end; not after `bytes` has been asked for.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if used + bytes.count > memory.count { try makeRoom(for: bytes.count) }
        if bytes.count > memory.count {
            try write(bytes)
        } else if bytes.count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: memory[used...]).copyMemory(from: bytes)
            used += bytes.count
        }
        size += UInt64(bytes.count)
    }

    /// All bytes, valid while the spool lives and nothing is appended.
    func bytes() throws(FileError) -> UnsafeRawBufferPointer {
        if descriptor < 0 { return UnsafeRawBufferPointer(rebasing: memory[..<used]) }
        if mapping == nil {
            try flush()
            guard let length = Int(exactly: size),
                let start = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0),
                start != MAP_FAILED
            else { throw FileError(FileError.Kind(number: errno), "mapping the spooled contents") }
            mapping = start
        }
        return UnsafeRawBufferPointer(start: mapping, count: Int(size))
    }

    private func makeRoom(for count: Int) throws(FileError) {
        if descriptor < 0, used + count <= Self.memoryLimit {
            let room = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(Self.memoryLimit, max(2 * memory.count, used + count)),
                alignment: 16
            )
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<used]))
            memory.deallocate()
            memory = room
            return
        }
        if descriptor < 0 { descriptor = try ScratchFile.make() }
        try flush()
    }

    private func flush() throws(FileError) {
        try write(UnsafeRawBufferPointer(rebasing: memory[..<used]))
        used = 0
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        do throws(FileError) {
            try HostWrite.all(bytes, to: descriptor)
        } catch {
            throw FileError(error.kind, "spooling contents in \(ScratchFile.folder)")
        }
    }
}

/// Files without a name in the folder for temporary files.
enum ScratchFile {
    /// Where they are: `$TMPDIR`, else `/tmp`.
    static var folder: String { HostFolder.temporary }

    /// Opens an empty one for reading and writing, mode 0600; its descriptor is the caller's.
    ///
    /// Where the folder cannot be written it is in memory.
    static func make() throws(FileError) -> Int32 {
        var descriptor = pak_nameless_file(folder)
        if descriptor < 0 { descriptor = pak_memory_file("pak") }
        guard descriptor >= 0 else {
            throw FileError(FileError.Kind(number: errno), "making a temporary file in \(folder)")
        }
        return descriptor
    }
}
