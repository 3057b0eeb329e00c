public import Archive
package import FileTree

// What is too long for an environment's log: a list is a file `lists/ID`, and ID the SHA-256 of
// its bytes. It never changes, and all who would write the same bytes have one.
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

    /// Runs `body`, which adds lists and makes a log name them, while none is collected.
    ///
    /// A collection reads all logs and removes what none names while it holds the store's lock
    /// alone. This one is shared, and held from before a list is written, or found to be there, up
    /// to when the log that names it is on storage: a collection sees either both or neither. It
    /// waits for no environment's lock, so that who holds one may wait for it here.
    package func keepingLists<T>(_ body: () throws(FileError) -> T) throws(FileError) -> T {
        try shared(body)
    }

    /// Puts a list on storage, in `keepingLists`; one that is there and damaged is put right.
    ///
    /// Errors: those of writing, and then what is left of it goes with the next collection.
    package func add(list bytes: [UInt8], _ id: ContentID) throws(FileError) {
        guard let folder else { throw FileError(.notFound, "store \(path)") }
        guard bytes.count <= Self.listLimit else { throw FileError(.tooBig, "list \(id)") }
        try Self.make(Self.listsName, in: folder, calls)
        let lists = try calls.openFolder(Self.listsName, in: folder)
        if try !hasList(id, bytes) {
            let new = "\(Self.newPrefix)\(UInt64.random(in: .min ... .max))"
            do throws(FileError) {
                let file = try calls.make(new, in: lists)
                try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                    try calls.write(file, bytes, at: 0)
                }
                try calls.sync(file)
                try calls.rename(new, to: "\(id)", in: lists)
            } catch {
                // What stays goes with the next collection; the error is the one that came first.
                try? calls.remove(new, in: lists)
                throw error
            }
        }
        // Who gave it its name may not have come so far.
        try calls.syncNames(lists)
    }

    private func hasList(_ id: ContentID, _ bytes: [UInt8]) throws(FileError) -> Bool {
        do throws(FileError) { return try listBytes(id, limit: bytes.count) == bytes } catch {
            // Too long, no file, not to be read: another takes its place.
            guard [.tooBig, .malformed, .inputOutput].contains(error.kind) else { throw error }
            return false
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

    /// Removes lists, and what killed processes left of others; nobody may be adding any.
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
