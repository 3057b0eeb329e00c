internal import CLinux
public import FileTree
import Glibc

/// A regular file of the host that is open while it is used, and else may be closed to save
/// descriptors.
///
/// Its path comes from whoever started the program, never from a client. When it is opened again
/// it must still be the file that it was.
public final class HostFile: Sendable {
    /// The path, absolute.
    public let path: String
    /// Its bytes when it was opened first.
    public let size: UInt64
    /// What the host says of it: a hash of device, inode, size and times.
    public let identity: ContentID
    private let pool: DescriptorPool
    private let holder: (any AnyObject & Sendable)?

    /// Opens the file at `path`, which is there for as long as `holder` is.
    ///
    /// Errors: those of open(2), with the path; `.invalid` for what is no regular file.
    public convenience init(
        _ path: String,
        holder: (any AnyObject & Sendable)? = nil
    ) throws(FileError) {
        try self.init(path, pool: .shared, holder: holder)
    }

    init(
        _ path: String,
        pool: DescriptorPool,
        holder: (any AnyObject & Sendable)? = nil
    ) throws(FileError) {
        self.path = try Self.absolute(path)
        self.holder = holder
        self.pool = pool
        let descriptor = try pool.open(self.path)
        let stat = try Self.stat(descriptor, self.path)
        guard Mode(rawValue: stat.mode).type == .regular else {
            throw FileError(.invalid, "\(path): not a regular file")
        }
        size = stat.size
        identity = Self.identity(stat)
        pool.keep(descriptor, for: ObjectIdentifier(self))
    }

    deinit { pool.forget(ObjectIdentifier(self)) }

    /// The file's descriptor, which stays open for as long as the object is held.
    public func descriptor() throws(FileError) -> Descriptor {
        if let kept = pool.descriptor(of: ObjectIdentifier(self)) { return kept }
        let descriptor = try pool.open(path)
        guard try Self.identity(Self.stat(descriptor, path)) == identity else {
            throw FileError(.inputOutput, "\(path): changed while it was in use")
        }
        pool.keep(descriptor, for: ObjectIdentifier(self))
        return descriptor
    }

    /// Reads bytes from `offset` until `buffer` is full or the file ends; returns how many.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        let descriptor = try descriptor()
        defer { withExtendedLifetime(descriptor) {} }
        return try descriptor.read(into: buffer, at: offset, path)
    }

    private static func absolute(_ path: String) throws(FileError) -> String {
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let folder = getcwd(nil, 0) else {
            throw FileError(FileError.Kind(number: errno), "getcwd")
        }
        defer { free(folder) }
        guard let name = String(validatingCString: folder) else {
            throw FileError(.invalid, "\(path): it lies in a folder whose name is not UTF-8")
        }
        return name + "/" + path
    }

    private static func stat(
        _ descriptor: Descriptor,
        _ path: String
    ) throws(FileError) -> pak_stat {
        var stat = pak_stat()
        guard pak_stat_at(descriptor.number, "", &stat) == 0 else {
            throw FileError(FileError.Kind(number: errno), path)
        }
        return stat
    }

    private static func identity(_ stat: pak_stat) -> ContentID {
        var words = [stat.device, stat.inode, stat.size]
        words += [UInt64(bitPattern: stat.mtime), UInt64(stat.mtime_ns)]
        words += [UInt64(bitPattern: stat.ctime), UInt64(stat.ctime_ns)]
        return words.withUnsafeBytes { SHA256.hash($0) }
    }
}

/// An open descriptor, closed when nobody holds it any more.
public final class Descriptor: Sendable {
    /// The number.
    public let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64,
        _ path: String
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            guard let place = Int64(exactly: offset), place <= Int64.max - Int64(done) else {
                return done
            }
            let count = pread(
                number,
                buffer.baseAddress.map { $0 + done },
                buffer.count - done,
                off_t(place) + off_t(done)
            )
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(FileError.Kind(number: errno), "\(path): offset \(offset)")
            }
            done += count
        }
        return done
    }
}
