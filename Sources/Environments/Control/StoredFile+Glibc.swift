package import FileTree
import Glibc

/// A file of the host without a name, which goes when nobody holds it any more.
package final class StoredFile: Sendable {
    /// Open for reading and writing.
    package let descriptor: Int32

    /// Makes an empty one in a folder.
    package init(in folder: String) throws(FileError) {
        let name = "\(folder)/.export.\(UInt64.random(in: .min ... .max))"
        descriptor = Glibc.open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(FileError.Kind(number: errno), folder) }
        unlink(name)
    }

    deinit { close(descriptor) }

    /// Its bytes.
    func size() throws(FileError) -> UInt64 {
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError(FileError.Kind(number: errno))
        }
        return UInt64(max(0, status.st_size))
    }
}

/// A stored file under a name of the control tree; also the file once it is open.
final class ControlStored: File, OpenFile {
    private let place: ControlPlace
    private let stored: StoredFile

    init(_ place: ControlPlace, _ stored: StoredFile) {
        self.place = place
        self.stored = stored
    }

    var qid: Qid { place.qid(.file) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }
    func sync() throws(FileError) {}

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.regular, 0o400))
        stat.size = try stored.size()
        stat.setTimes(.now)
        return stat
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return self
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard let start = off_t(exactly: offset) else { return 0 }
        var got = 0
        while got < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[got...])
            let count = pread(stored.descriptor, rest.baseAddress, rest.count, start + off_t(got))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(FileError.Kind(number: errno)) }
            if count == 0 { break }
            got += count
        }
        return got
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        let size = try stored.size()
        guard offset < size else { return nil }
        return Extent(
            place: .descriptor(stored.descriptor, offset: offset),
            count: Int(min(UInt64(count), size - offset)),
            owner: stored
        )
    }
}
