public import Archive
package import FileTree

// What was too long for an environment's log before packages had numbers, see `KnownPackages`: a
// list is a file `lists/ID`, and ID the SHA-256 of its bytes. It never changes; none is made now.
extension Store {
    /// The folder of lists.
    static let listsName = "lists"
    /// The longest.
    private static let listLimit = 256 << 20

    /// The bytes of a list.
    ///
    /// Errors: `.malformed` where it is missing, or has other bytes than its name says.
    package func list(_ id: ContentID, length: Int) throws(FileError) -> [UInt8] {
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try listBytes(id, limit: min(length, Self.listLimit))
        } catch {
            guard error.kind == .tooBig else { throw error.at("list \(id)") }
            throw .malformed("list \(id): longer than it was written")
        }
        guard let bytes else { throw .malformed("list \(id): not in \(path)/\(Self.listsName)") }
        guard bytes.count == length, SHA256.hash(bytes) == id else {
            throw .malformed("list \(id): other bytes than were written")
        }
        return bytes
    }

    private func listBytes(_ id: ContentID, limit: Int) throws(FileError) -> [UInt8]? {
        guard let folder else { return nil }
        return try Self.found { () throws(FileError) in
            let lists = try calls.openFolder(Self.listsName, in: folder)
            return try calls.bytes("\(id)", in: lists, limit: limit)
        }
    }

    /// A list as it was found.
    public struct FoundList: Sendable {
        /// Its name: the SHA-256 that its bytes should have.
        public var id: ContentID
        /// Bytes of its file.
        public var size: UInt64
    }

    /// The lists that no log names, and, with `used` nil, all; sorted by their names.
    package func lists(besides used: Set<ContentID>? = nil) throws(FileError) -> [FoundList] {
        guard let lists = try listsFolder() else { return [] }
        var found: [FoundList] = []
        for bytes in try calls.names(in: lists) {
            let name = String(decoding: bytes, as: UTF8.self)
            guard let id = ContentID(hexadecimal: name), used?.contains(id) != true,
                let status = try calls.status("\(id)", in: lists)
            else { continue }
            found.append(FoundList(id: id, size: status.size))
        }
        return found.sorted { $0.id < $1.id }
    }

    /// Removes lists, and what killed processes left of others.
    func remove(_ gone: [FoundList]) throws(FileError) {
        guard let lists = try listsFolder() else { return }
        for list in gone { try calls.remove("\(list.id)", in: lists) }
        for bytes in try calls.names(in: lists) {
            let name = String(decoding: bytes, as: UTF8.self)
            if name.hasPrefix(Self.newPrefix) { try calls.remove(name, in: lists) }
        }
    }

    private func listsFolder() throws(FileError) -> HostDescriptor? {
        guard let folder else { return nil }
        return try Self.found { () throws(FileError) in
            try calls.openFolder(Self.listsName, in: folder)
        }
    }
}
