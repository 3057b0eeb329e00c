import FileTree
import Glibc

/// As much of FUSE as a mount over an empty directory asks for, to try one out.
struct ProbeServer {
    private let worker: Worker

    /// Serves the device until it is unmounted, and closes it.
    init(_ device: Int32) throws(FileError) {
        do throws(FileError) {
            worker = try Worker { ProbeServer.serve(device) }
        } catch {
            close(device)
            throw error
        }
    }

    /// Waits for the unmount.
    func join() { worker.join() }

    private static func serve(_ device: Int32) {
        defer { close(device) }
        // The kernel wants room for the largest write, which is never asked for.
        var request = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = read(device, &request, request.count)
            if count < 0, errno == EINTR || errno == EAGAIN || errno == ENOENT { continue }
            guard count >= 40 else { return }
            let opcode = request.withUnsafeBytes { $0.load(fromByteOffset: 4, as: UInt32.self) }
            let unique = request.withUnsafeBytes { $0.load(fromByteOffset: 8, as: UInt64.self) }
            // FORGET, BATCH_FORGET and INTERRUPT have no answer.
            if opcode == 2 || opcode == 42 || opcode == 36 { continue }
            let body = reply(opcode)
            var bytes: [UInt8] = []
            append(&bytes, UInt32(16 + (body?.count ?? 0)))
            append(&bytes, UInt32(bitPattern: body == nil ? -ENOSYS : 0))
            append(&bytes, unique)
            _ = write(device, bytes + (body ?? []), 16 + (body?.count ?? 0))
        }
    }

    private static func reply(_ opcode: UInt32) -> [UInt8]? {
        var body: [UInt8] = []
        switch opcode {
        case 26:  // INIT, as 7.31 has it
            for word: UInt32 in [7, 31, 0, 0, 0, 4096, 1, 1] { append(&body, word) }
            body += [UInt8](repeating: 0, count: 32)
        case 3:  // GETATTR: an empty directory, for an hour
            append(&body, UInt64(3600))
            append(&body, UInt64(0))
            append(&body, UInt64(1))
            body += [UInt8](repeating: 0, count: 52)
            for word: UInt32 in [0o40755, 1, 0, 0, 0, 4096, 0] { append(&body, word) }
        case 17:  // STATFS
            body += [UInt8](repeating: 0, count: 40)
            for word: UInt32 in [4096, 255, 4096, 0] { append(&body, word) }
            body += [UInt8](repeating: 0, count: 24)
        default: return nil
        }
        return body
    }

    private static func append(_ bytes: inout [UInt8], _ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value) { bytes += $0 }
    }
}
