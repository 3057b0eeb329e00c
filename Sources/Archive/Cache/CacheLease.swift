import FileTree
import Glibc

/// A process's word that it uses packages of the cache: a locked file with their cids.
///
/// The kernel lets go of the lock when the process ends, however it does.
final class CacheLease: Sendable {
    private let descriptor: Int32
    private let path: String

    init(_ folder: CacheFolder) throws(FileError) {
        path = "\(folder.path)/lease/\(getpid()).\(UInt32.random(in: .min ... .max))"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(.init(number: errno), path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw FileError(.init(number: errno), path)
        }
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    func add(_ id: ContentID) throws(FileError) {
        try Array("\(id)\n".utf8).withBytes { bytes throws(FileError) in
            try HostWrite.all(bytes, to: descriptor)
        }
    }
}
