package import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A descriptor that is closed when nobody holds it.
package final class HostDescriptor: Sendable {
    package let number: Int32

    /// Whether flock(2)'s lock was taken by it.
    let isLocked = Atomic(false)

    /// Takes a descriptor over.
    package init(owning number: Int32) { self.number = number }

    deinit {
        // A child that another thread has just made has the lock as well, until it runs its program.
        if isLocked.load(ordering: .relaxed) { flock(number, LOCK_UN) }
        close(number)
    }

    /// Opens the directory `path` for looking things up in it.
    package static func openRoot(path: String) throws(FileError) -> HostDescriptor {
        try openRoot(FilePath(path))
    }

    /// Opens the file or directory `path` for reading.
    package static func openFile(path: String) throws(FileError) -> HostDescriptor {
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard number >= 0 else { throw FileError(.init(number: errno)) }
        return HostDescriptor(owning: number)
    }

    static func openRoot(_ path: FilePath) throws(FileError) -> HostDescriptor {
        let number = path.withPlatformString {
            Glibc.open($0, pak_o_path | O_DIRECTORY | O_CLOEXEC)
        }
        guard number >= 0 else { throw FileError(.init(number: errno), path.string) }
        return HostDescriptor(owning: number)
    }

    /// Opens what `path` (NUL at its end) leads to below this directory, through no link.
    package func open(_ path: [UInt8], _ flags: Int32) throws(FileError) -> HostDescriptor {
        let number = path.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.map { pak_open_beneath(self.number, $0, flags, 0, 0) } ?? -1
            }
        }
        guard number >= 0 else { throw FileError(.init(number: errno)) }
        return HostDescriptor(owning: number)
    }

    /// Opens the very file that this O_PATH descriptor stands for, whatever its name is now.
    func reopened(_ flags: Int32) throws(FileError) -> HostDescriptor {
        let number = Glibc.open("/proc/self/fd/\(self.number)", flags | O_CLOEXEC)
        guard number >= 0 else { throw FileError(.init(number: errno)) }
        return HostDescriptor(owning: number)
    }

    /// What kind of file it is, and how many bytes it has.
    package func typeAndSize() throws(FileError) -> (type: FileType, size: UInt64) {
        let status = try status()
        return (Mode(rawValue: status.mode).type, status.size)
    }

    package func status() throws(FileError) -> pak_stat {
        var status = pak_stat()
        guard pak_stat_at(number, "", &status) == 0 else {
            throw FileError(.init(number: errno))
        }
        return status
    }

    /// The status of the file called `name` (NUL at its end) in this directory; nil when it is gone.
    package func status(of name: UnsafePointer<CChar>) -> pak_stat? {
        var status = pak_stat()
        return pak_stat_at(number, name, &status) == 0 ? status : nil
    }

    package func statfs() throws(FileError) -> Statfs {
        var figures = pak_statfs()
        guard pak_statfs_at(number, &figures) == 0 else {
            throw FileError(.init(number: errno))
        }
        var result = Statfs()
        result.blockSize = figures.block_size
        result.blocks = figures.blocks
        result.free = figures.available
        result.files = figures.files
        result.freeFiles = figures.free_files
        return result
    }

    func linkTarget() throws(FileError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: 4096)
        let count = target.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.map { readlinkat(number, "", $0, 4096) } ?? -1
            }
        }
        guard count >= 0 else { throw FileError(.init(number: errno)) }
        guard count < 4096 else { throw FileError(.nameTooLong) }
        return Array(target[..<count])
    }

    /// Extended attributes, read through the file's own entry, since an O_PATH descriptor has none.
    func attribute(_ name: [UInt8]) throws(FileError) -> [UInt8] {
        try Self.grown { buffer in
            (name + [0]).withUnsafeBytes { name in
                name.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map {
                        getxattr("/proc/self/fd/\(number)", $0, buffer.baseAddress, buffer.count)
                    } ?? -1
                }
            }
        }
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        try Self.grown { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                listxattr("/proc/self/fd/\(number)", $0.baseAddress, $0.count)
            }
        }
    }

    /// Calls with room for nothing to learn the size, then with that much; 64 KiB is Linux's limit.
    private static func grown(
        _ call: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(FileError) -> [UInt8] {
        let size = call(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        guard size >= 0 else { throw FileError(.init(number: errno)) }
        guard size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(size, 1 << 16))
        let count = bytes.withUnsafeMutableBytes { call($0) }
        guard count >= 0 else { throw FileError(.init(number: errno)) }
        return Array(bytes[..<min(count, bytes.count)])
    }

    /// What lies at `offset`, and up to where; nil where the file system does not tell.
    package func stretch(at offset: UInt64) -> Stretch? {
        guard let start = Int64(exactly: offset) else { return nil }
        let data = pak_next_data(number, start)
        guard data >= 0 else { return errno == ENXIO ? Stretch(isHole: true, end: .max) : nil }
        if data > start { return Stretch(isHole: true, end: UInt64(data)) }
        let hole = pak_next_hole(number, start)
        return hole > start ? Stretch(isHole: false, end: UInt64(hole)) : nil
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard offset <= UInt64(Int.max - buffer.count) else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(
                number,
                buffer.baseAddress.map { $0 + done },
                buffer.count - done,
                Int(offset) + done
            )
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(.init(number: errno)) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Shows entries from position `cookie` on until `body` returns false.
    package func entries(
        from cookie: UInt64,
        _ body: (UnsafePointer<CChar>, _ next: UInt64) -> Bool
    ) throws(FileError) {
        guard cookie <= UInt64(Int.max), lseek(number, Int(cookie), SEEK_SET) >= 0 else {
            throw FileError(.badDirectoryOffset)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = pak_read_directory(number, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw FileError(.init(number: errno)) }
            if count == 0 { return }
            var offset = 0
            while offset < count {
                // ino[8] off[8] reclen[2] type[1] name, as the kernel lays it out.
                let next = buffer.load(fromByteOffset: offset + 8, as: UInt64.self)
                let length = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
                guard let base = buffer.baseAddress else { return }
                let name = (base + offset + 19).assumingMemoryBound(to: CChar.self)
                offset += length
                if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { continue }
                guard body(name, next) else { return }
            }
        }
    }
}
