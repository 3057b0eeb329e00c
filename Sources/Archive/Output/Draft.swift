public import FileTree

/// An archive to be written: its manifest, its members in canonical order, and where their bytes
/// are.
///
/// It is what every output format is given; each takes from it what it can say.
public struct Draft: Sendable {
    /// What the package says of itself; holes and opaque directories among it.
    public var manifest: Manifest
    /// The members, sorted by the bytes of their paths (`MemberPath.precedes`), none twice; of a
    /// file with several names the first is the file, the others are links to it.
    public var members: [Member]
    /// The directories that members are in without being listed, sorted.
    ///
    /// They have the attributes of the tree that this is a part of, for formats that say them.
    public var implied: [Member]
    /// Where the bytes are.
    public var contents: any DraftContents

    /// Makes a draft of its parts.
    public init(
        manifest: Manifest,
        members: [Member],
        implied: [Member] = [],
        contents: any DraftContents
    ) {
        self.manifest = manifest
        self.members = members
        self.implied = implied
        self.contents = contents
    }

    /// Shows the stored bytes of a member, all of it or its runs, first to last.
    ///
    /// Errors: `.inputOutput` with the path for a file that is shorter than its member says; those
    /// of reading, with the path.
    func show(
        _ number: Int,
        by buffer: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        let member = members[number]
        if member.storedSize == 0 { return }
        let file: any OpenFile
        do { file = try contents.open(number) } catch { throw error.under(member) }
        let whole = [SegmentList.Segment(offset: 0, length: member.size)]
        for run in member.segments ?? whole {
            try show(run, of: file, member, by: buffer, body)
        }
    }

    /// Shows all bytes of a member, holes as zeros.
    func showAll(
        _ number: Int,
        by buffer: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        let member = members[number]
        if member.size == 0 { return }
        let file: any OpenFile
        do { file = try contents.open(number) } catch { throw error.under(member) }
        let whole = SegmentList.Segment(offset: 0, length: member.size)
        try show(whole, of: file, member, by: buffer, body)
    }

    private func show(
        _ run: SegmentList.Segment,
        of file: any OpenFile,
        _ member: Member,
        by buffer: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        var done: UInt64 = 0
        while done < run.length {
            let wanted = Int(min(UInt64(buffer.count), run.length - done))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count: Int
            do { count = try file.read(into: part, at: run.offset + done) } catch {
                throw error.under(member)
            }
            guard count > 0 else {
                let shown = "\(member.displayPath): \(run.offset + done) bytes of \(member.size)"
                throw FileError(.inputOutput, shown)
            }
            try body(UnsafeRawBufferPointer(rebasing: part[..<count]))
            done += UInt64(count)
        }
    }
}

/// Where the bytes of a draft's members are.
public protocol DraftContents: AnyObject, Sendable {
    /// Opens the member `number`, counted from 0, which is a regular file and no link.
    func open(_ number: Int) throws(FileError) -> any OpenFile
}

extension FileError {
    /// The error with a member's path in front, unless it names it already.
    func under(_ member: Member) -> FileError {
        let path = member.displayPath
        return context?.contains(path) == true ? self : at(path)
    }
}

/// A piece of memory through which the members of a draft are read.
struct CopyBuffer: ~Copyable {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

    deinit { bytes.deallocate() }
}
