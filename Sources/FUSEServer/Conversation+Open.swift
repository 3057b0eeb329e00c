import FileTree
import Glibc

/// What the kernel is told of a file that it has opened.
///
/// The corresponding constants are `FOPEN_KEEP_CACHE` and so on.
struct OpenFlags: OptionSet {
    let rawValue: UInt32
    /// Every read and write is asked for, whatever length the file had.
    static let direct = OpenFlags(rawValue: 1)
    /// The pages of the last time still hold.
    static let keepCache = OpenFlags(rawValue: 2)
    /// A directory's listing is kept, too.
    static let cacheDirectory = OpenFlags(rawValue: 8)
    /// FLUSH is not asked for.
    static let noFlush = OpenFlags(rawValue: 32)
}

extension Conversation {
    /// Opens a file: `flags[4] open_flags[4]`; answered with `fh[8] open_flags[4] pad[4]`.
    func open(
        _ request: Request,
        _ reply: inout Reply,
        _ place: Place
    ) throws(FileError) -> Outcome {
        if flags.contains(.noOpen) { return .refused(ENOSYS) }
        let node = try nodes.find(request.node)
        guard let file = node.file else {
            throw FileError(node.directory == nil ? .unsupported : .isDirectory)
        }
        let asked = Int32(bitPattern: request.u32(0))
        let mode = try mode(of: asked)
        if mode.contains(.write) || mode.contains(.truncate) {
            guard options.isWritable else { throw FileError(.readOnly) }
        }
        let opened = try file.open(mode)
        if mode.contains(.truncate) {
            if request.u32(4) & Self.killsSetID != 0 {
                try dropSetID(request.node, place)
            }
            // The kernel drops them itself, but for a file that we empty.
            try node.dropCapabilities()
        }
        let isKept = !opened.isMadeForOpen
        putOpened(try handles.add(opened), isKept: isKept, &reply)
        return .answered
    }

    /// Of OPEN: set-id bits go with the contents.
    private static var killsSetID: UInt32 { 1 }

    func putOpened(_ handle: UInt64, isKept: Bool = true, _ reply: inout Reply) {
        reply.put(handle)
        // Where others change files the kernel compares times and lengths (AUTO_INVAL_DATA).
        reply.put(([isKept ? .keepCache : .direct, .noFlush] as OpenFlags).rawValue)
        reply.put(UInt32(0))
    }

    /// What open(2)'s flags ask of a tree.
    ///
    /// Where all writes come this way their offsets are right, also of a file that is appended to.
    func mode(of flags: Int32) throws(FileError) -> OpenMode {
        var mode: OpenMode
        switch flags & O_ACCMODE {
        case O_RDONLY: mode = .read
        case O_WRONLY: mode = .write
        case O_RDWR: mode = [.read, .write]
        default: throw FileError(.invalid, "access mode 3")
        }
        if flags & O_TRUNC != 0 { mode.insert(.truncate) }
        if flags & O_APPEND != 0, mode.contains(.write), options.caching != .endless {
            mode.insert(.append)
        }
        return mode
    }

    /// The open file that a request is about.
    @inline(__always)
    func file(_ request: Request, writing: Bool) throws(FileError) -> any OpenFile {
        let handle = request.u64(0)
        if handle != 0 { return try handles.find(handle) }
        guard isWithoutHandles else { throw FileError(.unknownFid) }
        if writing, !options.isWritable { throw FileError(.readOnly) }
        return try recent.file(request.node, writing: writing, nodes)
    }

    /// Opens a directory, of which nothing is kept here.
    func opendir(_ request: Request, _ reply: inout Reply) throws(FileError) -> Outcome {
        // The kernel then does not ask again, and keeps listings.
        if flags.contains(.noOpendir) { return .refused(ENOSYS) }
        _ = try nodes.directory(request.node)
        reply.put(UInt64(0))
        let isCached = options.caching == .endless
        reply.put((isCached ? [.keepCache, .cacheDirectory] : [] as OpenFlags).rawValue)
        reply.put(UInt32(0))
        return .answered
    }

    /// Puts a file on storage: `fh[8] flags[4] pad[4]`.
    func fsync(_ request: Request) throws(FileError) {
        if request.u64(0) != 0 {
            try handles.find(request.u64(0)).sync()
        } else {
            try nodes.find(request.node).sync()
        }
    }
}
