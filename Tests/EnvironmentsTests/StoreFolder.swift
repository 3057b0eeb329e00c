import FileTree
import Glibc
import Store

/// A store's folder for one test, gone with its last holder.
final class StoreFolder: Sendable {
    let path: String

    init() throws(FileError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/environment-tests.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw FileError(.init(number: errno), base) }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        guard let directory = opendir(path) else {
            unlink(path)
            return
        }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                remove("\(path)/\(name)")
            } else {
                unlink("\(path)/\(name)")
            }
        }
        closedir(directory)
        rmdir(path)
    }

    func store() throws(FileError) -> Store { try Store(writing: path) }

    func bytes(_ name: String) throws(FileError) -> [UInt8] {
        let file = try HostDescriptor.openFile(path: "\(path)/\(name)")
        var room = [UInt8](repeating: 0, count: Int(try file.typeAndSize().size))
        let count = read(file.number, &room, room.count)
        return Array(room[..<count])
    }

    func write(_ bytes: [UInt8], _ name: String) throws(FileError) {
        let number = open("\(path)/\(name)", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw FileError(.init(number: errno), name) }
        let file = HostDescriptor(owning: number)
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try HostWrite.all(bytes, to: file.number)
        }
    }
}
