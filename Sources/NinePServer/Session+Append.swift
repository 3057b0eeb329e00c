import FileTree
import NineP

extension Session {
    /// Decides whether writes to a file that Linux opens to append go to its end, whatever offset
    /// they give; else the offsets are what counts.
    ///
    /// Without a cache v9fs takes the end from what it last saw of the length, with no lock: two
    /// that append would lose each other's lines. With one it writes back what is anywhere in a
    /// page, through any open file: appended, that would be there twice. It opens for reading,
    /// too, then.
    static func takeAppend(_ request: inout OpenRequest) -> Bool {
        guard request.mode.contains(.append) else { return false }
        if request.mode.contains(.read) { request.mode.remove(.append) }
        return request.mode.contains(.append)
    }

    /// Takes down the end that whoever opened the file to append knows.
    static func noteEnd(_ fid: borrowing Fid) throws(FileError) {
        guard let opened = fid.opened, opened.file != nil else { return }
        opened.appendEnd = try fid.node.stat().size
    }

    /// Writes to a file; in front of the end that Linux knows, where it says.
    ///
    /// An append comes with that end as its offset. Anything before it is from a program that
    /// has taken O_APPEND back.
    static func write(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        to file: any OpenFile,
        _ fid: borrowing Fid
    ) throws(FileError) {
        guard let opened = fid.opened, let end = opened.appendEnd else {
            return try file.write(bytes.bytes, at: offset)
        }
        if offset < end, let node = fid.node.file {
            if opened.positioned == nil { opened.positioned = try node.open(.write) }
            try opened.positioned?.write(bytes.bytes, at: offset)
            return
        }
        try file.write(bytes.bytes, at: offset)
        opened.appendEnd = offset + UInt64(bytes.count)
    }
}
