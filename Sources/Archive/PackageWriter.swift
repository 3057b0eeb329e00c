public import FileTree

/// Writes a native package: the canonical tar in compressed frames, the index, the seek table.
///
/// Members come sorted by the bytes of their paths (`MemberPath.precedes`), parents before what
/// is in them; behind each regular file come its stored bytes, by `write`. A further name of a
/// file comes with `hardLink` set to the first. The manifest's member is written by the writer.
///
/// Equal manifests, members and bytes give equal tars and thus the same identity. What is written
/// is whole once `finish` has returned; whoever owns the descriptor throws it away when not.
public struct PackageWriter: ~Copyable {
    private let descriptor: Int32
    private var cutter: FrameCutter
    private var encoder = TarEncoder()
    private var builder = IndexBuilder()
    private var manifest: Manifest
    private var hash = SHA256()
    private var lastPath: [UInt8]?
    // The regular file whose bytes are awaited.
    private var pending: Member?
    private var left: UInt64 = 0
    private var hashed: UInt64 = 0
    private var dataOffset: UInt64 = 0
    private var firstFrame: UInt32 = 0
    // Of a sparse file: its runs as they come, where in them, and as they are stored.
    private var given: [SegmentList.Segment] = []
    private var segment = 0
    private var segmentDone: UInt64 = 0
    private var runs: SparseRuns?

    /// Starts a package on an empty file, open for writing at its start.
    ///
    /// `level` is zstd's, 1 to 22; `workers` is how many threads compress. Errors: those of
    /// write(2).
    public init(
        to descriptor: Int32,
        manifest: Manifest,
        level: Int32 = 3,
        workers: Int = 2
    ) throws(FileError) {
        try self.init(
            sink: FrameCompressor(level: level, workers: workers, descriptor: descriptor),
            descriptor: descriptor,
            manifest: manifest
        )
    }

    init(sink: any FrameSink, descriptor: Int32, manifest: Manifest) throws(FileError) {
        self.descriptor = descriptor
        self.manifest = manifest
        cutter = FrameCutter(sink)
        var member = Member(path: Manifest.path, type: .regular, permissions: 0o644)
        let bytes = manifest.bytes
        guard bytes.count <= Manifest.sizeLimit else {
            throw FileError(.tooBig, "manifest: over 16 MiB")
        }
        member.size = UInt64(bytes.count)
        try encoder.encode(member)
        try cutter.begin(encoder.header, payload: member.size)
        try bytes.withBytes { bytes throws(FileError) in try cutter.payload(bytes) }
        try cutter.end()
        try cutter.cut()
    }

    /// The bytes of the tar by now.
    public var tarSize: UInt64 { cutter.offset }

    /// Adds a member; the stored bytes of the one before must all have come.
    ///
    /// Errors: `.invalid` when it comes out of order or bytes are missing, `.malformed` as
    /// `IndexBuilder.add`, `.unsupported` for a socket, `.tooBig` for too many attributes.
    public mutating func append(_ member: Member) throws(FileError) {
        try checkAllWritten()
        if let lastPath, !MemberPath.precedes(lastPath, member.path) {
            throw FileError(.invalid, "\(member.displayPath): out of order")
        }
        guard member.size < 1 << 48 else {
            throw .malformed("\(member.displayPath): size \(member.size)")
        }
        lastPath = member.path
        let left = member.storedSize
        let member = try arrange(member)
        try encoder.encode(member)
        let map = encoder.map
        let stored = member.storedSize
        try cutter.begin(encoder.header, payload: UInt64(map.count) + stored)
        firstFrame = cutter.number
        try map.withBytes { map throws(FileError) in try cutter.payload(map) }
        dataOffset = cutter.offset
        guard member.type == .regular, member.hardLink == nil else {
            try builder.add(member)
            try builder.checkSize(ofTar: cutter.offset)
            return
        }
        pending = member
        self.left = left
        hashed = 0
        segment = 0
        segmentDone = 0
        if self.left == 0 { try endFile() }
    }

    /// Adds stored bytes of the regular file that was appended last.
    ///
    /// Of a sparse file these are the bytes of its runs, one after the other. Errors: `.invalid`
    /// for more than the file has; those of write(2).
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard bytes.count > 0 else { return }
        guard let pending, UInt64(bytes.count) <= left else {
            throw FileError(.invalid, "more bytes than the file has")
        }
        left -= UInt64(bytes.count)
        if pending.segments != nil {
            try writeSparse(bytes, keepsHash: keepsHash(pending))
        } else {
            try cutter.payload(bytes)
            hash.update(bytes)
        }
        if left == 0 { try endFile() }
    }

    /// Ends the package and returns its identity.
    ///
    /// Errors: `.invalid` when bytes are missing; those of write(2).
    public mutating func finish() throws(FileError) -> ContentID {
        let (id, frames, index) = try finishIndex()
        for part in try SeekTable.end(frames: frames, index: index) {
            try part.withBytes { part throws(FileError) in
                try HostWrite.all(part, to: descriptor)
            }
        }
        return id
    }

    mutating func finishIndex() throws(FileError) -> (ContentID, [FramePlace], [UInt8]) {
        try checkAllWritten()
        let (id, frames) = try cutter.finish()
        var archive = IndexBuilder.Archive()
        archive.contentID = id
        archive.tarSize = cutter.offset
        archive.holes = manifest.holes
        archive.opaques = manifest.opaques
        archive.frames = frames
        return (id, frames, builder.build(archive))
    }

    private mutating func endFile() throws(FileError) {
        guard let member = pending else { return }
        pending = nil
        try storeZeros(runs?.zeros(before: member.size) ?? 0)
        runs = nil
        try cutter.end()
        let id: ContentID?
        if keepsHash(member) {
            if member.segments != nil { hashZeros(to: member.size) }
            id = hash.finish()
        } else {
            id = nil
        }
        try builder.add(member, dataOffset: dataOffset, firstFrame: firstFrame, hash: id)
        try builder.checkSize(ofTar: cutter.offset)
    }

    private func checkAllWritten() throws(FileError) {
        if let pending {
            throw FileError(.invalid, "\(pending.displayPath): \(left) bytes are missing")
        }
    }

    private func keepsHash(_ member: Member) -> Bool {
        member.segments == nil || member.size <= SparseRuns.hashedSize(stored: member.storedSize)
    }

    /// The member as it will be read again: its runs as they are stored, and without root's
    /// name, which says no more than its number.
    private mutating func arrange(_ member: Member) throws(FileError) -> Member {
        var member = member
        if member.uid == 0, member.userName == Self.root { member.userName = [] }
        if member.gid == 0, member.groupName == Self.root { member.groupName = [] }
        guard let segments = member.segments, member.hardLink == nil else { return member }
        do {
            let runs = try SparseRuns(segments, size: member.size)
            self.runs = runs
            given = segments
            member.segments = runs.runs
            return member
        } catch {
            throw error.at(member.displayPath)
        }
    }

    private static let root = Array("root".utf8)

    private mutating func writeSparse(
        _ bytes: UnsafeRawBufferPointer,
        keepsHash: Bool
    ) throws(FileError) {
        var rest = bytes
        while rest.count > 0, segment < given.count {
            let run = given[segment]
            let place = run.offset + segmentDone
            let count = Int(min(UInt64(rest.count), run.length - segmentDone))
            let part = UnsafeRawBufferPointer(rebasing: rest[..<count])
            try storeZeros(runs?.zeros(before: place) ?? 0)
            try cutter.payload(part)
            runs?.advance(UInt64(count))
            if keepsHash {
                hashZeros(to: place)
                hash.update(part)
                hashed += UInt64(count)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            segmentDone += UInt64(count)
            if segmentDone == run.length {
                segment += 1
                segmentDone = 0
            }
        }
    }

    private mutating func storeZeros(_ count: UInt64) throws(FileError) {
        // Below a block for each run.
        if count > 0 {
            try [UInt8](repeating: 0, count: Int(count)).withBytes { zeros throws(FileError) in
                try cutter.payload(zeros)
            }
        }
    }

    private mutating func hashZeros(to end: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { zeros in
            zeros.initializeMemory(as: UInt8.self, repeating: 0)
            while hashed < end {
                let count = Int(min(4096, end - hashed))
                hash.update(UnsafeRawBufferPointer(rebasing: zeros[..<count]))
                hashed += UInt64(count)
            }
        }
    }
}
