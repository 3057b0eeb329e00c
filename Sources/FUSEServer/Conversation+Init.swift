import FileTree

extension Conversation {
    /// The version that is spoken, and the oldest that will do.
    private static var major: UInt32 { 7 }
    private static var minor: UInt32 { 45 }
    private static var oldestMinor: UInt32 { 31 }

    /// Agrees with the kernel on what is spoken: `major[4] minor[4] max_readahead[4] flags[4]
    /// flags2[4]`.
    ///
    /// Errors: `.protocolBotch` for a version before 7.31.
    func initialize(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let major = request.u32(0)
        let minor = request.u32(4)
        guard major >= Self.major, major > Self.major || minor >= Self.oldestMinor else {
            throw FileError(.protocolBotch, "INIT: the kernel speaks FUSE \(major).\(minor)")
        }
        // A kernel of the next version is told ours, and asks again.
        guard major == Self.major, request.body.count >= 16 else {
            reply.put(Self.major)
            reply.put(Self.minor)
            for _ in 0..<14 { reply.put(UInt32(0)) }
            return
        }
        var offered = InitFlags(rawValue: UInt64(request.u32(12)))
        if offered.contains(.extended), request.body.count >= 20 {
            offered.formUnion(InitFlags(rawValue: UInt64(request.u32(16)) << 32))
        }
        let flags = wanted.intersection(offered)
        reply.put(Self.major)
        reply.put(min(minor, Self.minor))
        reply.put(request.u32(8))
        reply.put(UInt32(truncatingIfNeeded: flags.rawValue))
        // Requests that nobody waits for, as reading ahead, and when to hold them back.
        reply.put(UInt16(64))
        reply.put(UInt16(48))
        let pages = flags.contains(.maxPages) ? Self.mostData / 4096 : 32
        reply.put(UInt32(pages * 4096))
        // Times to the nanosecond.
        reply.put(UInt32(1))
        reply.put(UInt16(pages))
        reply.put(UInt16(0))
        reply.put(UInt32(truncatingIfNeeded: flags.rawValue >> 32))
        for _ in 0..<7 { reply.put(UInt32(0)) }
        self.flags = flags.union(.extended)
    }

    /// What is asked of the kernel, as far as it can.
    ///
    /// Not that it gathers writes (`FUSE_WRITEBACK_CACHE`): it then asks for the attributes of each
    /// file that is opened again, since what a file occupies is not known after a close(2), and a
    /// compiler that reads a header a hundred times has it asked for a hundred times.
    private var wanted: InitFlags {
        var flags: InitFlags = [
            .asyncRead, .bigWrites, .readdirplus, .readdirplusAuto, .asyncDirect,
            .parallelDirectories, .maxPages, .cacheSymlinks, .extended, .noExport,
        ]
        if options.caching == .endless {
            flags.formUnion([.noOpendir, .explicitInvalidate])
        } else {
            flags.formUnion(.autoInvalidate)
        }
        if isWithoutHandles { flags.insert(.noOpen) }
        if options.isWritable {
            flags.insert(.killPrivileges)
            if !isWithoutHandles { flags.insert(.atomicTruncate) }
        }
        return flags
    }

    /// Whether files are read and written without having been opened.
    ///
    /// It saves the requests that open and close a file: one whose pages the kernel has costs
    /// none.
    var isWithoutHandles: Bool { options.opensFiles == false && options.caching == .endless }
}
