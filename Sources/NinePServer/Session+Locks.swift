import FileTree
import NineP

extension Session {
    /// Takes or gives up a lock; one that waits is answered when it is granted.
    ///
    /// See fcntl(2).
    mutating func lock(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Tlock(frame, dialect)
        do throws(FileError) {
            let (lock, type, opened, file) = try range(
                request.fid,
                request.type,
                request.start,
                request.length,
                request.client,
                request.process
            )
            if type == .unlock {
                server.locks.release(lock, of: file)
                return try reply(Rlock(status: LockStatus.success.rawValue), to: frame, dialect)
            }
            opened.hasLocks = true
            let waits = request.flags & Wire.lockWaits != 0
            guard try server.locks.take(lock, of: file, waiter: nil) else {
                if waits { return try wait(for: lock, of: file, frame.tag) }
                return try reply(Rlock(status: LockStatus.blocked.rawValue), to: frame, dialect)
            }
            try reply(Rlock(status: LockStatus.success.rawValue), to: frame, dialect)
        } catch {
            refuse(frame, error)
        }
    }

    /// Gets in line for a lock; Tflush gets out of it again.
    private func wait(for lock: FileLock, of file: UInt64, _ tag: UInt16) throws(FileError) {
        let late = connection.late
        let request = LateRequest(tag: tag, dialect: .linux, answer: .lock)
        let locks = server.locks
        let waiter = LockTable.Waiter(lock) { late.makeReady(request, nil) }
        try late.add(request)
        request.cancellation.onCancel { locks.withdraw(waiter, of: file) }
        do throws(FileError) {
            // Whoever was in the way may be gone by now.
            if try locks.take(lock, of: file, waiter: waiter) { late.makeReady(request, nil) }
        } catch {
            late.drop(request)
            throw error
        }
    }

    /// Tells which lock would be in the way.
    mutating func getlock(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Tgetlock(frame, dialect)
        do throws(FileError) {
            let (lock, _, _, file) = try range(
                request.fid,
                request.type,
                request.start,
                request.length,
                request.client,
                request.process
            )
            var answer = Rgetlock(
                type: LockType.unlock.rawValue,
                start: request.start,
                length: request.length,
                process: request.process,
                client: request.client
            )
            guard let other = server.locks.conflict(with: lock, of: file) else {
                return try reply(answer, to: frame, dialect)
            }
            answer.type = (other.isExclusive ? LockType.write : .read).rawValue
            answer.start = other.first
            answer.length = other.length
            answer.process = other.owner.process
            try other.owner.client.span.bytes.withUnsafeBytes { (client) throws(FileError) in
                answer.client = client
                try reply(answer, to: frame, dialect)
            }
        } catch {
            refuse(frame, error)
        }
    }

    /// The lock that a request names, of the file that is open as `fid`.
    private func range(
        _ fid: UInt32,
        _ type: UInt8,
        _ start: UInt64,
        _ length: UInt64,
        _ client: UnsafeRawBufferPointer,
        _ process: UInt32
    ) throws(FileError) -> (lock: FileLock, type: LockType, opened: Opened, file: UInt64) {
        let fid = try find(fid).pointee
        guard let type = LockType(rawValue: type), let opened = fid.opened else {
            throw FileError(.invalid)
        }
        let (last, isTooLong) = start.addingReportingOverflow(length &- 1)
        guard client.count <= 1024, length == 0 || !isTooLong else { throw FileError(.invalid) }
        let owner = LockOwner(
            connection: ObjectIdentifier(connection),
            client: Array(client),
            process: process
        )
        let lock = FileLock(
            owner: owner,
            holder: ObjectIdentifier(opened),
            isExclusive: type == .write,
            first: start,
            last: length == 0 ? .max : last
        )
        return (lock, type, opened, fid.node.qid.path)
    }
}
