package import FileTree

/// Files about the server, made when they are asked for, and files that take words.
///
/// What a file of text says is fixed when it is opened; versions are 0, so that no client keeps
/// anything.
package final class ControlTree: Tree {
    /// Names, and what they stand for now.
    package typealias Entries = @Sendable () throws(FileError) -> [(name: String, entry: Entry)]

    /// What a name of the tree stands for.
    package indirect enum Entry: Sendable {
        /// A directory.
        case directory(Entries)
        /// A file's text.
        case file(@Sendable () throws(FileError) -> String)
        /// A file of raw bytes, as names of files are.
        case bytes(@Sendable () throws(FileError) -> [UInt8])
        /// A file that takes words.
        case words(ControlWords)
        /// A file that says what happens, as it does.
        case events(ControlEvents)
        /// The root of another tree.
        case root(@Sendable () throws(FileError) -> any Directory)
        /// A symbolic link with this target.
        case link(String)
        /// A file of the host that nobody changes any more.
        case stored(StoredFile)
    }

    private let top: ControlDirectory

    /// Makes a tree whose root holds these entries.
    package init(_ entries: @escaping Entries) {
        top = ControlDirectory(ControlPlace(name: "/", path: "", container: nil), entries: entries)
    }

    package func attach(as user: User, to name: String) throws(FileError) -> Attachment {
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
    private let entries: ControlTree.Entries

    fileprivate init(_ place: ControlPlace, entries: @escaping ControlTree.Entries) {
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
        guard let found = try entries().first(where: { $0.name == wanted }) else {
            throw FileError(.notFound)
        }
        return try node(found)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        let all = try entries()
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

    // Positions are numbers: names that come and go meanwhile would move all behind them.
    var listed: any Directory {
        // What cannot be said now is asked for again, and then told.
        guard let all = try? entries() else { return self }
        return ControlDirectory(place) { all }
    }

    private func node(
        _ item: (name: String, entry: ControlTree.Entry)
    ) throws(FileError) -> any Node {
        let place = ControlPlace(
            name: item.name,
            path: "\(place.path)/\(item.name)",
            container: self
        )
        return switch item.entry {
        case .directory(let entries): ControlDirectory(place, entries: entries)
        case .file(let text):
            ControlFile(place) { () throws(FileError) in Array(try text().utf8) }
        case .bytes(let bytes): ControlFile(place, bytes: bytes)
        case .words(let words):
            ControlFile(place, words: words) { () throws(FileError) in
                Array(try words.text().utf8)
            }
        case .events(let events): ControlEventsFile(place, events)
        case .root(let root): ControlGraft(place, root: try root())
        case .link(let target): ControlLink(place, target)
        case .stored(let file): ControlStored(place, file)
        }
    }
}
