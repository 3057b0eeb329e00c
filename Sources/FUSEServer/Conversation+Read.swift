import FileTree
import Synchronization

extension Conversation {
    /// Up to here copying is cheaper than one more entry of the vector.
    private static var copied: Int { 4096 }

    /// Reads a file: `fh[8] offset[8] size[4] read_flags[4] lock_owner[8] flags[4] pad[4]`.
    ///
    /// Fewer bytes than asked for say that the file ends there: the kernel cuts it.
    func read(
        _ request: Request,
        _ reply: inout Reply,
        _ place: Place
    ) throws(FileError) -> Outcome {
        let offset = request.u64(8)
        guard offset <= UInt64(Int64.max) - UInt64(UInt32.max) else { return .answered }
        let count = min(Int(request.u32(16)), Self.mostData)
        let file = try file(request, writing: false)
        if !file.isReady(at: offset, count: count) {
            let cancellation = Cancellation()
            waiting.add(request.unique, cancellation)
            if leave(file, at: offset, count, request.unique, cancellation, place) {
                return .unanswered
            }
            defer { waiting.remove(request.unique) }
            place.beginWait()
            defer { place.endWait() }
            // Another thread takes requests meanwhile.
            try file.prepare(at: offset, count: count, until: cancellation)
        }
        try put(file, at: offset, count, &reply)
        return .answered
    }

    /// Puts what is read into an answer.
    private func put(
        _ file: any OpenFile,
        at offset: UInt64,
        _ count: Int,
        _ reply: inout Reply
    ) throws(FileError) {
        var done = 0
        if count > Self.copied {
            done = try lend(file, at: offset, count, &reply)
            if done == count { return }
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: reply.room[..<(count - done)])
        let got = try file.read(into: room, at: offset + UInt64(done))
        reply.commit(min(got, room.count))
    }

    /// Sends from where they lie as many bytes as lie in memory; returns how many.
    private func lend(
        _ file: any OpenFile,
        at offset: UInt64,
        _ count: Int,
        _ reply: inout Reply
    ) throws(FileError) -> Int {
        var done = 0
        while done < count, reply.takesPiece {
            guard
                let extent = try file.extent(at: offset + UInt64(done), count: count - done),
                case .memory(let bytes) = extent.place, extent.count > 0
            else { break }
            let length = min(extent.count, count - done)
            reply.lend(bytes, length, owner: extent.owner ?? file)
            done += length
        }
        return done
    }

    /// Leaves a read to be answered by whoever brings its bytes; false where nobody does so.
    ///
    /// For what may never happen there may be more who wait than there are threads.
    @inline(never)
    private func leave(
        _ file: any OpenFile,
        at offset: UInt64,
        _ count: Int,
        _ unique: UInt64,
        _ cancellation: Cancellation,
        _ place: Place
    ) -> Bool {
        // A place of one thread alone has nobody to answer beside it.
        guard place.descriptor >= 0 else { return false }
        return file.whenReady(at: offset, count: count, until: cancellation) { [self] error in
            var reply = Reply(capacity: count)
            reply.begin()
            var failure = error
            if failure == nil {
                do throws(FileError) { try put(file, at: offset, count, &reply) } catch {
                    failure = error
                }
            }
            reply.finish(unique, error: failure.map { Int32($0.kind.number) } ?? 0)
            // Whoever asked is gone, or the mount: then there is nobody to be told.
            waiting.answer(unique) { _ = reply.send(to: place.descriptor) }
        }
    }

    /// Writes to a file: `fh[8] offset[8] size[4] write_flags[4] lock_owner[8] flags[4] pad[4]
    /// data[size]`; answered with `size[4] pad[4]`.
    func write(_ request: Request, _ reply: inout Reply, _ place: Place) throws(FileError) {
        let offset = request.u64(8)
        let count = Int(request.u32(16))
        guard count <= request.body.count - 40 else {
            throw FileError.malformed("WRITE: \(count) bytes of \(request.body.count - 40)")
        }
        guard offset <= UInt64(Int64.max) - UInt64(count) else { throw FileError(.tooBig) }
        writes.wrappingAdd(1, ordering: .relaxed)
        let file = try file(request, writing: true)
        let data = UnsafeRawBufferPointer(rebasing: request.body[40..<(40 + count)])
        let flags = request.u32(20)
        // What it does may take this thread from others, who may be waited for by it.
        let isSlow = file.isSlow(writing: data.bytes)
        if isSlow { place.beginWait() }
        defer { if isSlow { place.endWait() } }
        do throws(FileError) { try file.write(data.bytes, at: offset) } catch {
            // The writer was told long ago that all is well, and may never ask again.
            if flags & Self.isLate != 0 { options.lost(try nodes.find(request.node), error) }
            throw error
        }
        if flags & Self.killsSetID != 0 { try dropSetID(request.node, place) }
        reply.put(UInt32(count))
        reply.put(UInt32(0))
    }

    /// Drops the set-id bits of a file that somebody writes to, and has the kernel forget the mode:
    /// it knows that its length and times have changed, and takes the rest for what it was.
    func dropSetID(_ number: UInt64, _ place: Place) throws(FileError) {
        let isChanged = try nodes.find(number).dropSetID()
        if isChanged, place.descriptor >= 0 { send(.attributes(number), to: place.descriptor) }
    }

    /// Of WRITE: the kernel has kept the bytes back until now.
    private static var isLate: UInt32 { 1 }
    /// Of WRITE: set-id bits go with the contents.
    private static var killsSetID: UInt32 { 4 }
}
