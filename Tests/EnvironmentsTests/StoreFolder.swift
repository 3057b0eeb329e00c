import Archive
import FileTree
import Glibc
import ScratchFolder
import Store

@testable import Environments

/// A store's folder for one test.
final class StoreFolder: Sendable {
    private let folder: ScratchFolder
    var path: String { folder.path }

    init() throws(FileError) { folder = try ScratchFolder() }

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

    func remove(_ name: String) throws(FileError) {
        guard unlink("\(path)/\(name)") == 0 else { throw FileError(.init(number: errno), name) }
    }

    func makeFolder(_ name: String) throws(FileError) {
        guard mkdir("\(path)/\(name)", 0o755) == 0 else {
            throw FileError(.init(number: errno), name)
        }
    }
}

extension StoreFolder {
    /// Collects as `pak gc` does.
    static func collect(_ path: String) throws(FileError) -> Store.Collected {
        let store = try Store(writing: path)
        return try store.collect(isDry: false) { () throws(FileError) in
            var uses = Store.Uses()
            for name in try NamedEnvironment.names(in: store) {
                try NamedEnvironment(name, in: store).each { (_, record) throws(FileError) in
                    let record = try record()
                    for package in record.text.packages { uses.packages[package.id] = [name] }
                    if let list = record.list { uses.lists.insert(list) }
                    uses.numbers.formUnion(try record.numbers())
                }
            }
            return uses
        }
    }
}
