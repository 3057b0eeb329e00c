package import FileTree

/// What is done with the words that are written to a control file, and what reading it says.
package struct ControlWords: Sendable {
    /// What the file says.
    var text: @Sendable () throws(FileError) -> String
    /// Does what a line asks for.
    var take: @Sendable (String) throws(FileError) -> Void
    /// Is told of a line that is none, and why.
    var refuse: @Sendable (FileError) -> Void
    /// Whether what a line asks for may take long.
    var isSlow: @Sendable (String) -> Bool
    /// The longest line, in bytes.
    package static let longestLine = 8192

    /// Makes what takes words.
    package init(
        text: @escaping @Sendable () throws(FileError) -> String,
        take: @escaping @Sendable (String) throws(FileError) -> Void,
        refuse: @escaping @Sendable (FileError) -> Void = { _ in },
        isSlow: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.text = text
        self.take = take
        self.refuse = refuse
        self.isSlow = isSlow
    }
}

/// A file of the control tree.
final class ControlFile: File {
    private let place: ControlPlace
    private let bytes: @Sendable () throws(FileError) -> [UInt8]
    private let words: ControlWords?

    init(
        _ place: ControlPlace,
        words: ControlWords? = nil,
        bytes: @escaping @Sendable () throws(FileError) -> [UInt8]
    ) {
        self.place = place
        self.bytes = bytes
        self.words = words
    }

    var qid: Qid { place.qid(.file) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.regular, words == nil ? 0o444 : 0o600))
        // What cannot be said is an error of the open: the directory is listed all the same.
        stat.size = UInt64((try? bytes().count) ?? 0)
        // Who looks at the permissions himself, as a kernel does, is to find whose it is.
        if words != nil { (stat.uid, stat.gid) = (ControlOwner.user, ControlOwner.group) }
        stat.setTimes(.now)
        return stat
    }

    /// Takes what a shell does to a file before it writes to it, as far as words go to it.
    func change(_ change: StatChange, by user: User) throws(FileError) {
        guard words != nil else {
            if !change.isEmpty { throw FileError(.readOnly) }
            return
        }
        var rest = change
        if rest.size == 0 { rest.size = nil }
        rest.accessed = nil
        rest.modified = nil
        guard rest.isEmpty else { throw FileError(.notPermitted) }
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read || words != nil else { throw FileError(.readOnly) }
        return ControlText(mode.contains(.read) ? try bytes() : [], words)
    }
}

/// A control file's text as it was when the file was opened, and where words go.
private final class ControlText: OpenFile {
    private let text: HeldBytes
    private let words: ControlWords?

    init(_ bytes: [UInt8], _ words: ControlWords?) {
        text = HeldBytes(bytes)
        self.words = words
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int { try text.read(into: buffer, at: offset) }

    /// A write of more, and its end may be what a client has cut off a longer line.
    private static let mostWithoutEnd = 512

    /// Does what each line asks for, up to the first that fails; where in the file it is written
    /// means nothing.
    ///
    /// The last needs no newline in a short write, as that of somebody who types.
    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        guard let words else { throw FileError(.readOnly) }
        do throws(FileError) { try take(bytes, words) } catch {
            var error = error
            error.isSaid = true
            throw error
        }
    }

    private func take(_ bytes: RawSpan, _ words: ControlWords) throws(FileError) {
        guard bytes.byteCount < Self.mostWithoutEnd || Array(bytes).last == UInt8(ascii: "\n")
        else {
            let error = FileError(.invalid, "no newline behind \(bytes.byteCount) bytes")
            words.refuse(error)
            throw error
        }
        for line in Array(bytes).split(separator: UInt8(ascii: "\n")) {
            let text: String
            do throws(FileError) {
                text = try Self.text(of: line)
            } catch {
                words.refuse(error)
                throw error
            }
            try words.take(text)
        }
    }

    var isMadeForOpen: Bool { true }

    func isSlow(writing bytes: RawSpan) -> Bool {
        guard let words else { return false }
        return Array(bytes).split(separator: UInt8(ascii: "\n")).contains { line in
            // What is no line is refused at once.
            guard let text = try? Self.text(of: line) else { return false }
            return words.isSlow(text)
        }
    }

    private static func text(of line: ArraySlice<UInt8>) throws(FileError) -> String {
        let limit = ControlWords.longestLine
        guard line.count <= limit else {
            throw FileError(.invalid, "a line of \(line.count) bytes: \(limit) is the most")
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw FileError(.invalid, "\(PathText.display(line.prefix(100))): no UTF-8")
        }
        return text
    }
}

/// The root of another tree under a name of the control tree.
final class ControlGraft: Directory {
    private let place: ControlPlace
    private let root: any Directory

    init(_ place: ControlPlace, root: any Directory) {
        self.place = place
        self.root = root
    }

    var qid: Qid { root.qid }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat { try root.stat() }
    func lookup(_ name: RawSpan) throws(FileError) -> any Node { try root.lookup(name) }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {
        try root.entries(from: cookie, body)
    }
}

/// A symbolic link of the control tree.
final class ControlLink: Link {
    private let place: ControlPlace
    private let text: String

    init(_ place: ControlPlace, _ target: String) {
        self.place = place
        text = target
    }

    var qid: Qid { place.qid(.symlink) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.symlink, 0o777))
        stat.size = UInt64(text.utf8.count)
        stat.setTimes(.now)
        return stat
    }

    func target() throws(FileError) -> [UInt8] { Array(text.utf8) }
}
