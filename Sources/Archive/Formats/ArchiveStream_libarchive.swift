import CLibArchive
import FileTree
import Glibc

/// One handle of libarchive: members one after the other, each one's bytes in blocks.
///
/// Only what is named is switched on: libarchive's "all" would run programs for a few filters.
/// A handle is used by one thread at a time. Names come as the archive's own bytes, which needs
/// a UTF-8 locale for the formats that store another encoding: each call that reads a header
/// takes one for its thread and gives it back.
final class ArchiveStream: ByteSource {
    /// What the bytes may be.
    enum Shape {
        case ar, cpio, zip, sevenZip, iso
        /// A stream behind one filter or more, with no members: one member is all there is.
        case filtered
        /// A cpio behind rpm's own headers and a filter.
        case rpm
    }

    private let handle: OpaquePointer
    private var entry: OpaquePointer?
    private let feed: Feed
    private var position: Int64 = 0
    private let memberName: String

    /// What libarchive's calls back are given.
    private final class Feed {
        let source: any ByteSource
        var failure: FileError?
        var taken: UInt64 = 0

        init(_ source: any ByteSource) { self.source = source }
    }

    /// Starts on `source`, called `name` in errors.
    init(_ source: any ByteSource, as shape: Shape, name: String) throws(FileError) {
        guard let handle = archive_read_new() else { throw FileError(.noMemory) }
        self.handle = handle
        feed = Feed(source)
        memberName = name
        switch shape {
        case .ar: archive_read_support_format_ar(handle)
        case .cpio: archive_read_support_format_cpio(handle)
        case .zip: archive_read_support_format_zip_seekable(handle)
        case .sevenZip: archive_read_support_format_7zip(handle)
        case .iso: archive_read_support_format_iso9660(handle)
        case .filtered:
            archive_read_support_format_raw(handle)
            Self.switchOnFilters(handle)
        case .rpm:
            archive_read_support_format_cpio(handle)
            archive_read_support_filter_rpm(handle)
            Self.switchOnFilters(handle)
        }
        let context = Unmanaged.passUnretained(feed).toOpaque()
        archive_read_set_callback_data(handle, context)
        archive_read_set_read_callback(handle) { handle, context, block in
            ArchiveStream.read(handle, context, block)
        }
        if source.length != nil {
            archive_read_set_seek_callback(handle) { _, context, offset, whence in
                ArchiveStream.seek(context, offset, whence)
            }
        }
        try inNameLocale { () throws(FileError) in
            try check(archive_read_open1(handle))
        }
    }

    deinit { archive_read_free(handle) }

    /// How many bytes of the source have been taken so far.
    var taken: UInt64 { feed.taken }

    /// Goes to the next member; nil after the last.
    func next() throws(FileError) -> Entry? {
        var found: OpaquePointer?
        let status = inNameLocale { archive_read_next_header(handle, &found) }
        if status == ARCHIVE_EOF { return nil }
        // A warning is a name or a figure that libarchive had to make up: no ground to build on.
        try check(status)
        entry = found
        position = 0
        guard let found else { return nil }
        return try inNameLocale { () throws(FileError) in try Entry(found) }
    }

    /// The next bytes of the member, valid until the next call; empty at its end.
    func nextBlock() throws(FileError) -> UnsafeRawBufferPointer {
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let status = archive_read_data_block(handle, &start, &count, &offset)
            if status == ARCHIVE_EOF { return UnsafeRawBufferPointer(start: nil, count: 0) }
            try check(status)
            guard offset == position else { throw FileError.malformed("a gap in a member's data") }
            position += Int64(count)
            if count > 0 { return UnsafeRawBufferPointer(start: start, count: count) }
        }
    }

    private func check(_ status: Int32) throws(FileError) {
        if status == ARCHIVE_OK { return }
        if let failure = feed.failure { throw failure }
        let reason = archive_error_string(handle).map { String(cString: $0) } ?? "not readable"
        let kind: FileError.Kind = archive_errno(handle) == ENOMEM ? .noMemory : .malformed
        throw FileError(kind, memberName.isEmpty ? reason : "\(memberName): \(reason)")
    }

    private static func switchOnFilters(_ handle: OpaquePointer) {
        archive_read_support_filter_gzip(handle)
        archive_read_support_filter_bzip2(handle)
        archive_read_support_filter_xz(handle)
        archive_read_support_filter_lzma(handle)
        archive_read_support_filter_lzip(handle)
        archive_read_support_filter_zstd(handle)
        archive_read_support_filter_lz4(handle)
        archive_read_support_filter_compress(handle)
    }

    private static func read(
        _ handle: OpaquePointer?,
        _ context: UnsafeMutableRawPointer?,
        _ block: UnsafeMutablePointer<UnsafeRawPointer?>?
    ) -> Int {
        guard let context else { return -1 }
        let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
        do throws(FileError) {
            let bytes = try feed.source.nextBlock()
            feed.taken += UInt64(bytes.count)
            block?.pointee = bytes.baseAddress
            return bytes.count
        } catch {
            feed.failure = error
            return -1
        }
    }

    private static func seek(
        _ context: UnsafeMutableRawPointer?,
        _ offset: Int64,
        _ whence: Int32
    ) -> Int64 {
        guard let context else { return Int64(ARCHIVE_FATAL) }
        let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
        guard let length = feed.source.length, let end = Int64(exactly: length) else {
            return Int64(ARCHIVE_FATAL)
        }
        let base: Int64 =
            switch whence {
            case SEEK_SET: 0
            case SEEK_END: end
            // The place is libarchive's own business; it asks for the other two alone.
            default: -1
            }
        guard base >= 0, case let (target, over) = base.addingReportingOverflow(offset), !over,
            target >= 0
        else { return Int64(ARCHIVE_FATAL) }
        // Past the end there is nothing, and the next read says so.
        feed.source.seek(to: UInt64(min(target, end)))
        return min(target, end)
    }
}

extension ArchiveStream {
    /// A member as libarchive describes it.
    struct Entry {
        var path: [UInt8]
        var mode: Mode
        var uid: UInt64
        var gid: UInt64
        var userName: [UInt8]
        var groupName: [UInt8]
        var modified: Timestamp?
        var size: UInt64?
        var symlink: [UInt8]
        var hardLink: [UInt8]
        var device: UInt64

        fileprivate init(_ entry: OpaquePointer) throws(FileError) {
            guard let name = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry)
            else { throw FileError.malformed("a member's name cannot be read") }
            path = Self.bytes(name)
            mode = Mode(rawValue: UInt32(archive_entry_mode(entry)))
            uid = UInt64(bitPattern: archive_entry_uid(entry))
            gid = UInt64(bitPattern: archive_entry_gid(entry))
            userName = Self.bytes(archive_entry_uname(entry))
            groupName = Self.bytes(archive_entry_gname(entry))
            if archive_entry_mtime_is_set(entry) != 0 {
                let nanoseconds = archive_entry_mtime_nsec(entry)
                modified = Timestamp(
                    seconds: Int64(archive_entry_mtime(entry)),
                    nanoseconds: UInt32(clamping: min(nanoseconds, 999_999_999))
                )
            }
            if archive_entry_size_is_set(entry) != 0 {
                guard let count = UInt64(exactly: archive_entry_size(entry)) else {
                    throw FileError.malformed("negative size")
                }
                size = count
            }
            symlink = Self.bytes(archive_entry_symlink(entry))
            hardLink = Self.bytes(archive_entry_hardlink(entry))
            device = 0
            if mode.type == .characterDevice || mode.type == .blockDevice {
                device = UInt64(archive_entry_rdev(entry))
            }
        }

        private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
            guard let text else { return [] }
            return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
    }

    /// Runs `body` with a UTF-8 locale on this thread.
    private func inNameLocale<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
        guard let locale = NameLocale.shared.locale else { return try body() }
        let before = uselocale(locale)
        defer { uselocale(before) }
        return try body()
    }
}

/// A locale that keeps every name's bytes; made once, never changed, never freed.
///
/// `@unchecked Sendable`: a locale is immutable once it is made, and any thread may use it; see
/// newlocale(3).
private struct NameLocale: @unchecked Sendable {
    let locale: locale_t?

    static let shared = NameLocale(locale: newlocale(LC_CTYPE_MASK, "C.UTF-8", nil))
}
