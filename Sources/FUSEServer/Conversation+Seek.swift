import FileTree
import Glibc

extension Conversation {
    /// Finds the next bytes that a file stores, or the next hole: `fh[8] offset[8] whence[4]
    /// pad[4]`; answered with `offset[8]`.
    ///
    /// ENXIO behind the last of them, as lseek(2) has it; the end is a hole.
    ///
    /// The kernel asks without having written back what mappings have stored, and so a hole of the
    /// tree may be none: a copy that leaves it out would lack bytes. Before a hole is told of a
    /// file that can be written to the kernel is therefore made to bring them, which costs the
    /// few files that have holes their pages, and no other file anything.
    func lseek(
        _ request: Request,
        _ reply: inout Reply,
        _ place: Place
    ) throws(FileError) -> Outcome {
        let wantsHole: Bool
        switch Int32(bitPattern: request.u32(16)) {
        case Self.seekData: wantsHole = false
        case Self.seekHole: wantsHole = true
        default: throw FileError(.invalid, "whence")
        }
        let offset = request.u64(8)
        var found = try seek(offset, wantsHole, request)
        if found.hasHole, options.isWritable, place.descriptor >= 0 {
            let isSettled = settle(request.node, place)
            found = try seek(offset, wantsHole, request, asData: !isSettled)
        }
        guard let offset = found.offset else { return .refused(ENXIO) }
        reply.put(offset)
        return .answered
    }

    /// The first offset that is wanted, nil behind the last, and whether that takes a hole before
    /// the file's end to be one.
    private func seek(
        _ start: UInt64,
        _ wantsHole: Bool,
        _ request: Request,
        asData: Bool = false
    ) throws(FileError) -> (offset: UInt64?, hasHole: Bool) {
        let size = try stat(request.node).size
        guard start < size else { return (nil, false) }
        // Of what cannot be opened, as a file that its tree has lost, nothing is known.
        let file = asData ? nil : try? file(request, writing: false)
        var offset = start
        var hasHole = false
        while offset < size {
            let stretch = try file?.stretch(at: offset)
            let isHole = stretch?.isHole == true
            if isHole { hasHole = true }
            if isHole == wantsHole { break }
            // Each is longer than nothing, whatever a tree says.
            offset = max(offset + 1, stretch?.end ?? size)
        }
        if offset >= size { return (wantsHole ? size : nil, hasHole) }
        return (offset, hasHole)
    }

    /// Has the kernel bring what mappings of a file have stored, and waits for it; false when no
    /// thread might be left to take it.
    private func settle(_ number: UInt64, _ place: Place) -> Bool {
        guard place.beginSettling() else { return false }
        send(.inode(number), to: place.descriptor)
        place.endSettling()
        return true
    }

    /// The corresponding constants are `SEEK_DATA` and `SEEK_HOLE`.
    private static var seekData: Int32 { 3 }
    private static var seekHole: Int32 { 4 }
}
