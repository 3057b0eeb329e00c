import CLinux
import Glibc

/// The calls by which what must survive a crash reaches its folder: names of one component below
/// a descriptor.
///
/// They are behind one thin face so that a test can make any of them fail.
package struct HostCalls: Sendable {
    /// What a call does, for a test to choose by.
    package enum Call: Sendable {
        case open, make, link, list, status, remove, rename, makeFolder, lock
        case read, write, resize, sync, syncFolder, syncAll
    }

    /// How a call is made to go wrong.
    package enum Fault: Sendable {
        /// It does nothing and gives this number.
        case error(Int32)
        /// A write of that many bytes, and then no more.
        case short(Int)
    }

    /// Asked before every call; nil lets it go to the host.
    package var fault: (@Sendable (Call) -> Fault?)?

    /// Whether others may read what is made, as far as the process's mask lets them.
    private let isForAll: Bool

    /// Makes the calls of the host itself, but for those that `fault` makes go wrong.
    package init(isForAll: Bool = false, fault: (@Sendable (Call) -> Fault?)? = nil) {
        self.isForAll = isForAll
        self.fault = fault
    }

    private var folderMode: mode_t { isForAll ? 0o755 : 0o700 }
    private var fileMode: mode_t { isForAll ? 0o644 : 0o600 }

    func check(_ call: Call, _ what: @autoclosure () -> String) throws(FileError) {
        guard let fault, case let .error(number) = fault(call) else { return }
        throw FileError(.init(number: number), what())
    }

    func failed(_ what: String) -> FileError { FileError(.init(number: errno), what) }

    /// Opens the folder at `path`, wherever it is.
    package func openFolder(path: String) throws(FileError) -> HostDescriptor {
        try check(.open, path)
        let number = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw failed(path) }
        return HostDescriptor(owning: number)
    }

    package func makeFolder(path: String) throws(FileError) {
        try check(.makeFolder, path)
        guard mkdir(path, folderMode) == 0 else { throw failed(path) }
    }

    package func openFolder(_ name: String, in folder: HostDescriptor) throws(FileError)
        -> HostDescriptor
    {
        try check(.open, name)
        let number = openat(folder.number, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { throw failed(name) }
        return HostDescriptor(owning: number)
    }

    package func makeFolder(_ name: String, in folder: HostDescriptor) throws(FileError) {
        try check(.makeFolder, name)
        guard mkdirat(folder.number, name, folderMode) == 0 else { throw failed(name) }
    }

    /// Errors: `.readOnly` when no name can be made in the folder.
    package func checkWritable(_ folder: HostDescriptor, _ path: String) throws(FileError) {
        guard faccessat(folder.number, ".", W_OK | X_OK, AT_EACCESS) == 0 else {
            throw FileError(.readOnly, path)
        }
    }

    /// Opens a regular file; anything else there, a link too, is refused.
    package func open(
        _ name: String,
        in folder: HostDescriptor,
        writable: Bool
    ) throws(FileError) -> HostDescriptor {
        try check(.open, name)
        let flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let number = openat(folder.number, name, flags)
        guard number >= 0 else {
            throw errno == ELOOP ? .malformed("\(name): no regular file") : failed(name)
        }
        let descriptor = HostDescriptor(owning: number)
        guard try descriptor.typeAndSize().type == .regular else {
            throw .malformed("\(name): no regular file")
        }
        return descriptor
    }

    /// Makes an empty regular file where there is nothing.
    package func make(_ name: String, in folder: HostDescriptor) throws(FileError) -> HostDescriptor
    {
        try check(.make, name)
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let number = openat(folder.number, name, flags, fileMode)
        guard number >= 0 else { throw failed(name) }
        return HostDescriptor(owning: number)
    }

    package func remove(_ name: String, in folder: HostDescriptor) throws(FileError) {
        try check(.remove, name)
        guard unlinkat(folder.number, name, 0) == 0 else { throw failed(name) }
    }

    /// Gives a file of one folder the same name in another.
    package func link(
        _ name: String,
        of folder: HostDescriptor,
        in other: HostDescriptor
    ) throws(FileError) {
        try check(.link, name)
        guard linkat(folder.number, name, other.number, name, 0) == 0 else { throw failed(name) }
    }

    /// Has an empty file share the blocks of another.
    ///
    /// Errors: those of ioctl(2) where the file system cannot.
    package func clone(_ file: HostDescriptor, to new: HostDescriptor) throws(FileError) {
        try check(.link, "clone")
        guard pak_clone(new.number, file.number) == 0 else { throw failed("clone") }
    }

    /// Gives a file another name in the same folder, in place of what has it.
    package func rename(_ name: String, to new: String, in folder: HostDescriptor) throws(FileError)
    {
        try check(.rename, name)
        guard renameat(folder.number, name, folder.number, new) == 0 else { throw failed(name) }
    }

    /// Moves a file to another folder under its name, in place of what has it there.
    package func rename(
        _ name: String,
        of folder: HostDescriptor,
        to other: HostDescriptor
    ) throws(FileError) {
        try check(.rename, name)
        guard renameat(folder.number, name, other.number, name) == 0 else { throw failed(name) }
    }

    /// The names in a folder that begin so, but `.` and `..`, in no order.
    package func names(
        in folder: HostDescriptor,
        beginning prefix: [UInt8] = []
    ) throws(FileError) -> [[UInt8]] {
        try check(.list, "a folder's names")
        var names: [[UInt8]] = []
        let start = prefix.map { CChar(bitPattern: $0) }
        // Where a listing is belongs to what is open: others may list the same folder just now.
        let open = try openFolder(".", in: folder)
        try open.entries(from: 0) { (name, _) in
            guard strncmp(name, start, start.count) == 0 else { return true }
            names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
            return true
        }
        return names
    }

    /// The status of an open file, which the host always knows: no test makes it fail.
    package func status(_ file: HostDescriptor) throws(FileError) -> DataFigures {
        try DataFigures(file.status())
    }

    /// The status of a name; nil where there is nothing.
    package func status(_ name: String, in folder: HostDescriptor) throws(FileError) -> DataFigures?
    {
        try check(.status, name)
        var status = pak_stat()
        if pak_stat_at(folder.number, name, &status) == 0 { return DataFigures(status) }
        guard errno == ENOENT else { throw failed(name) }
        return nil
    }

    /// Removes an empty folder.
    package func removeFolder(_ name: String, in folder: HostDescriptor) throws(FileError) {
        try check(.remove, name)
        guard unlinkat(folder.number, name, AT_REMOVEDIR) == 0 else { throw failed(name) }
    }

    /// Reads a small file whole.
    ///
    /// Errors: `.tooBig` past `limit` bytes.
    package func bytes(
        _ name: String,
        in folder: HostDescriptor,
        limit: Int
    ) throws(FileError) -> [UInt8] {
        try bytes(of: open(name, in: folder, writable: false), name, limit: limit)
    }

    /// Reads a small open file whole.
    ///
    /// Errors: `.tooBig` past `limit` bytes, with `name`.
    package func bytes(
        of file: HostDescriptor,
        _ name: String,
        limit: Int
    ) throws(FileError) -> [UInt8] {
        let size = try status(file).size
        guard size <= UInt64(limit) else { throw FileError(.tooBig, "\(name): \(size) bytes") }
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, Int(size)),
            alignment: 8
        )
        defer { room.deallocate() }
        let part = UnsafeMutableRawBufferPointer(rebasing: room[..<Int(size)])
        return Array(part[..<(try read(file, into: part, at: 0))])
    }

    /// Whether two are the same file.
    package func isSame(_ a: HostDescriptor, _ b: HostDescriptor) throws(FileError) -> Bool {
        let (a, b) = (try a.status(), try b.status())
        return a.inode == b.inode && a.device == b.device
    }

    /// Has root make a file that of the one whose folder it is in.
    package func give(_ file: HostDescriptor, toOwnerOf folder: HostDescriptor) throws(FileError) {
        guard geteuid() == 0 else { return }
        let (own, wanted) = (try file.status(), try folder.status())
        guard own.uid != wanted.uid else { return }
        // Where even root may not, it is root's.
        _ = fchown(file.number, wanted.uid, wanted.gid)
    }

    /// Makes a file of these bytes, or puts it in the place of the one that has the name, whose
    /// mode it has then, and owner if this process may give it: it is on storage before it has it.
    package func replace(
        _ name: String,
        in folder: HostDescriptor,
        with bytes: [UInt8]
    ) throws(FileError) {
        let new = "\(name).new"
        // One that was left by a process that was killed.
        if try status(new, in: folder) != nil { try remove(new, in: folder) }
        do throws(FileError) {
            let file = try make(new, in: folder)
            try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                try write(file, bytes, at: 0)
            }
            var old = pak_stat()
            if pak_stat_at(folder.number, name, &old) == 0 {
                fchmod(file.number, old.mode & 0o777)
                // Nobody but root may, and who may not has it as his own.
                _ = fchown(file.number, old.uid, old.gid)
            }
            try sync(file)
            try rename(new, to: name, in: folder)
        } catch {
            // What remains of it is removed by the next who comes here.
            try? remove(new, in: folder)
            throw error
        }
        try syncNames(folder)
    }

    package func wait(milliseconds: Int32) { poll(nil, 0, milliseconds) }

    package func read(
        _ file: HostDescriptor,
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        try check(.read, "read")
        return try file.read(into: buffer, at: offset)
    }

    /// Writes all bytes; when it throws, some may have been written.
    package func write(
        _ file: HostDescriptor,
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) {
        guard offset <= UInt64(Int64.max), UInt64(bytes.count) <= UInt64(Int64.max) - offset else {
            throw FileError(.tooBig)
        }
        var done = 0
        while done < bytes.count {
            var wanted = bytes.count - done
            switch fault?(.write) {
            case let .error(number): throw FileError(.init(number: number), "write")
            case let .short(count): wanted = min(wanted, count)
            case nil: break
            }
            let start = bytes.baseAddress.map { $0 + done }
            let count = pwrite(file.number, start, wanted, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failed("write") }
            // No file takes nothing for ever; a loop would.
            guard count > 0 || wanted == 0 else { throw FileError(.inputOutput, "write") }
            done += count
        }
    }

    package func resize(_ file: HostDescriptor, to size: UInt64) throws(FileError) {
        try check(.resize, "resize")
        guard size <= UInt64(Int64.max) else { throw FileError(.tooBig) }
        while ftruncate(file.number, off_t(size)) != 0 {
            guard errno == EINTR else { throw failed("resize") }
        }
    }

    package func setModified(_ file: HostDescriptor, _ time: Timestamp) throws(FileError) {
        try check(.status, "time")
        let times = [
            timespec(tv_sec: 0, tv_nsec: pak_utime_omit),
            timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds)),
        ]
        guard futimens(file.number, times) == 0 else { throw failed("time") }
    }

    /// How many bytes of a part of the file are not stored.
    package func holes(in file: HostDescriptor, _ part: Range<UInt64>) throws(FileError) -> UInt64 {
        guard part.upperBound <= UInt64(Int64.max) else { throw FileError(.tooBig) }
        var holes: UInt64 = 0
        var position = part.lowerBound
        while position < part.upperBound {
            let data = pak_next_data(file.number, Int64(position))
            guard data >= 0 || errno == ENXIO else { throw failed("hole") }
            let start = data < 0 ? part.upperBound : min(UInt64(data), part.upperBound)
            holes += start - position
            guard data >= 0, start < part.upperBound else { break }
            let hole = pak_next_hole(file.number, data)
            guard hole > data else { throw failed("hole") }
            position = UInt64(hole)
        }
        return holes
    }

    /// Puts a file's bytes and attributes on storage.
    package func sync(_ file: HostDescriptor) throws(FileError) {
        try check(.sync, "sync")
        guard fsync(file.number) == 0 else { throw failed("sync") }
    }

    /// Puts a file's bytes and length on storage.
    package func syncBytes(_ file: HostDescriptor) throws(FileError) {
        try check(.sync, "sync")
        guard fdatasync(file.number) == 0 else { throw failed("sync") }
    }

    /// Puts a folder's names on storage.
    package func syncNames(_ folder: HostDescriptor) throws(FileError) {
        try check(.syncFolder, "sync of a folder")
        guard fsync(folder.number) == 0 else { throw failed("sync of a folder") }
    }

    /// Puts all of the folder's file system on storage.
    package func syncAll(_ folder: HostDescriptor) throws(FileError) {
        try check(.syncAll, "sync of the file system")
        guard pak_sync_file_system(folder.number) == 0 else {
            throw failed("sync of the file system")
        }
    }
}

/// What is known of a file of bytes.
package struct DataFigures: Hashable, Sendable {
    /// Bytes.
    package var size: UInt64
    /// Bytes that it occupies.
    package var allocated: UInt64
    /// The last write.
    package var modified: Timestamp
    /// Whether it is a file of bytes; what else has its name is never opened.
    package var isRegular: Bool

    package init(
        size: UInt64,
        allocated: UInt64,
        modified: Timestamp,
        isRegular: Bool = true
    ) {
        self.isRegular = isRegular
        self.size = size
        self.allocated = allocated
        self.modified = modified
    }
}

extension DataFigures {
    fileprivate init(_ status: pak_stat) {
        self.init(
            size: status.size,
            allocated: status.blocks * 512,
            modified: Timestamp(seconds: status.mtime, nanoseconds: status.mtime_ns),
            isRegular: Mode(rawValue: status.mode).type == .regular
        )
    }
}
