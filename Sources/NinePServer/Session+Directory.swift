import FileTree
import NineP

extension Session {
    /// Writes the entries of a directory from where its last read ended, whole ones, as many as
    /// fit; none when the next does not, as Linux wants it.
    ///
    /// See read(5).
    mutating func readDirectory(
        _ tag: UInt16,
        _ fid: Fid,
        _ opened: Opened,
        _ count: Int,
        _ dialect: Dialect
    ) throws(FileError) {
        var writer = MessageWriter(output.room, dialect)
        _ = try writer.beginData(.rread, tag: tag, count: count)
        let attach = fid.attach
        guard let node = fid.node.directory else { throw FileError(.notDirectory) }
        let directory = opened.listing(node, from: opened.cookie)
        var cookie = opened.cookie
        var isDone = false
        while !isDone {
            isDone = true
            var link: (stat: Stat, name: [UInt8], next: UInt64)?
            try attach.entries(of: directory, from: cookie) { entry, name in
                if dialect.hasUnixFields, entry.stat.mode.type == .symlink {
                    link = (entry.stat, name.withUnsafeBytes { Array($0) }, entry.next)
                    return false
                }
                let owners = attach.owners.names(of: entry.stat)
                let fits = name.withUnsafeBytes {
                    writer.append(entry.stat, name: $0, owners: owners)
                }
                if fits { cookie = entry.next }
                return fits
            }
            // A link's entry has its target, which is asked for outside of the listing.
            guard let link else { continue }
            let target = try? directory.lookup(link.name.span.bytes).link?.target()
            let owners = attach.owners.names(of: link.stat)
            let fits = link.name.withUnsafeBytes { name in
                (target ?? []).withUnsafeBytes {
                    writer.append(link.stat, name: name, owners: owners, target: $0)
                }
            }
            if fits {
                cookie = link.next
                isDone = false
            }
        }
        opened.cookie = cookie
        opened.directoryOffset += UInt64(writer.entriesCount)
        writer.finishEntries()
        output.commit(writer.count)
    }

    /// Answers Treaddir, `.` and `..` first.
    ///
    /// A tree's cookies go over the wire as they are; the two dots have numbers of their own.
    mutating func readdir(_ frame: Frame, _ dialect: Dialect) throws(FileError) {
        let request = try Treaddir(frame, dialect)
        do throws(FileError) {
            let fid = try find(request.fid)
            guard fid.pointee.opened?.file == nil, fid.pointee.opened?.attribute == nil,
                let directory = fid.pointee.node.directory
            else { throw FileError(.notDirectory) }
            guard let opened = fid.pointee.opened else {
                throw FileError(.unknownFid, "not open for reading")
            }
            var writer = MessageWriter(output.room, dialect)
            let count = min(Int(request.count), dataSize)
            _ = try writer.beginData(.rreaddir, tag: frame.tag, count: count)
            let attach = fid.pointee.attach
            if try Self.putDots(request.offset, directory, attach, &writer) {
                // The number behind them is what ext4 has at the end of a directory.
                let isDot = request.offset == Self.firstDot || request.offset == Self.secondDot
                let start = isDot ? 0 : request.offset
                try opened.listing(directory, from: start).entries(from: start) { entry, name in
                    name.withUnsafeBytes {
                        writer.append(
                            entry.stat.qid,
                            next: entry.next,
                            type: entry.stat.mode.type,
                            name: $0
                        )
                    }
                }
            }
            writer.finishEntries()
            output.commit(writer.count)
        } catch {
            refuse(frame, error)
        }
    }

    /// Cookies behind `.` and behind `..`: numbers that no tree gives.
    private static var firstDot: UInt64 { 0x7fff_ffff_ffff_fffd }
    private static var secondDot: UInt64 { 0x7fff_ffff_ffff_fffe }

    /// Writes the dots that come at or behind an offset; false when one does not fit.
    private static func putDots(
        _ offset: UInt64,
        _ directory: any Directory,
        _ attach: AttachPoint,
        _ writer: inout MessageWriter
    ) throws(FileError) -> Bool {
        let dots: StaticString = ".."
        if offset == 0 {
            let name = UnsafeRawBufferPointer(rebasing: dots.bytes[0..<1])
            guard writer.append(directory.qid, next: firstDot, type: .directory, name: name) else {
                return false
            }
        }
        if offset == 0 || offset == firstDot {
            let qid = try attach.parent(of: directory).qid
            return writer.append(qid, next: secondDot, type: .directory, name: dots.bytes)
        }
        return true
    }
}
