import FileTree

/// Text files about the server, made when they are asked for.
///
/// What a file says is fixed when it is opened; its version is 0, so that no client keeps it.
final class ControlTree: Tree {
    /// A directory of the tree, or a file and what makes its text.
    indirect enum Entry: Sendable {
        /// Names, and what they stand for now.
        case directory(@Sendable () -> [(name: String, entry: Entry)])
        /// A file's text.
        case file(@Sendable () -> String)
    }

    private let top: ControlDirectory

    /// Makes a tree whose root holds these entries.
    init(_ entries: @escaping @Sendable () -> [(name: String, entry: Entry)]) {
        let place = ControlPlace(name: "/", path: "", container: nil)
        top = ControlDirectory(place, entries: entries)
    }

    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        Attachment(root: top, tree: self)
    }
}

/// A place in the control tree: a name, and a qid made of the path.
struct ControlPlace: Sendable {
    let name: String
    let path: String
    let container: ControlDirectory?

    func qid(_ type: Qid.Kind) -> Qid {
        var hash = StableHash(domain: 0x6374_6c)
        var path = path
        path.withUTF8 { hash.combine(UnsafeRawBufferPointer($0)) }
        return Qid(type: type, version: 0, path: hash.qidPath())
    }

    func withName(_ body: (RawSpan) -> Void) {
        let bytes = Array(name.utf8)
        body(bytes.span.bytes)
    }
}

/// A directory of the control tree.
final class ControlDirectory: Directory {
    private let place: ControlPlace
    private let entries: @Sendable () -> [(name: String, entry: ControlTree.Entry)]

    fileprivate init(
        _ place: ControlPlace,
        entries: @escaping @Sendable () -> [(name: String, entry: ControlTree.Entry)]
    ) {
        self.place = place
        self.entries = entries
    }

    var qid: Qid { place.qid(.directory) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.directory, 0o555))
        stat.setTimes(.now)
        return stat
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let wanted = name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard let found = entries().first(where: { $0.name == wanted }) else {
            throw FileError(.notFound)
        }
        return node(found)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let all = entries()
        guard let start = Int(exactly: cookie), start <= all.count else {
            throw FileError(.badDirectoryOffset)
        }
        for (number, entry) in zip(all.indices, all).dropFirst(start) {
            let stat = try node(entry).stat()
            let name = Array(entry.name.utf8)
            guard body(DirectoryEntry(stat: stat, next: UInt64(number + 1)), name.span.bytes) else {
                return
            }
        }
    }

    private func node(_ item: (name: String, entry: ControlTree.Entry)) -> any Node {
        let place = ControlPlace(
            name: item.name,
            path: "\(place.path)/\(item.name)",
            container: self
        )
        return switch item.entry {
        case .directory(let entries): ControlDirectory(place, entries: entries)
        case .file(let text): ControlFile(place, text: text)
        }
    }
}

/// A file of the control tree.
final class ControlFile: File {
    private let place: ControlPlace
    private let text: @Sendable () -> String

    fileprivate init(_ place: ControlPlace, text: @escaping @Sendable () -> String) {
        self.place = place
        self.text = text
    }

    var qid: Qid { place.qid(.file) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.regular, 0o444))
        stat.size = UInt64(text().utf8.count)
        stat.setTimes(.now)
        return stat
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return ControlText(Array(text().utf8))
    }
}

/// A control file's text as it was when the file was opened.
private final class ControlText: OpenFile {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError)
        -> Int
    {
        guard offset < UInt64(bytes.count) else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}
