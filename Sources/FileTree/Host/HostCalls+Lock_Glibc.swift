import Glibc
import Synchronization

// Who may change what is shared with other processes.
extension HostCalls {
    /// Opens an empty file that is there for its lock, and makes it when it is missing.
    package func lockFile(
        _ name: String,
        in folder: HostDescriptor
    ) throws(FileError) -> HostDescriptor {
        do throws(FileError) { return try open(name, in: folder, writable: true) } catch {
            guard error.kind == .notFound else { throw error }
        }
        do throws(FileError) { return try make(name, in: folder) } catch {
            guard error.kind == .exists else { throw error }
            // Another was faster.
            return try open(name, in: folder, writable: true)
        }
    }

    /// Takes the lock of a file for this open of it alone, or shared; `.busy` when it is taken.
    package func lock(_ file: HostDescriptor, shared: Bool) throws(FileError) {
        try check(.lock, "lock")
        while flock(file.number, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            throw errno == EWOULDBLOCK ? FileError(.busy) : failed("lock")
        }
        file.isLocked.store(true, ordering: .relaxed)
    }

    /// Takes the lock of a file, and waits for as long as another has it.
    package func awaitLock(_ file: HostDescriptor, shared: Bool) throws(FileError) {
        try check(.lock, "lock")
        while flock(file.number, shared ? LOCK_SH : LOCK_EX) != 0 {
            guard errno == EINTR else { throw failed("lock") }
        }
        file.isLocked.store(true, ordering: .relaxed)
    }
}
