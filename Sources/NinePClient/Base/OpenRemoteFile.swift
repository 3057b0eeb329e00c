internal import FileTree
internal import Synchronization

/// An open file in another server's tree.
///
/// Of a file that has a version and a length, whole blocks are read and remembered; when they are
/// wanted one behind the other, those that come next are asked for before they are wanted. Of any
/// other file just what is asked for is read, by `prepare`, and kept for the one read that comes
/// next.
final class OpenRemoteFile: OpenFile {
    private let file: RemoteBaseFile
    private let store: RemoteStore
    private let version: UInt32
    private let size: UInt64
    private let opened: Mutex<OpenedFid>
    private let run = Mutex(Run())
    /// What was waited for, so that it is there when it is read.
    private let recent = Mutex<[Kept]>([])

    /// How the blocks fetched follow one another.
    private struct Run {
        /// The block behind the last.
        var next: UInt64?
        /// How many blocks are asked for ahead.
        var window: UInt64 = 0

        /// Notes that a block is wanted; returns how many behind it will be, as it seems.
        mutating func step(to number: UInt64) -> UInt64 {
            window = next == number ? min(OpenRemoteFile.aheadLimit, max(1, window * 2)) : 0
            next = number + 1
            return window
        }
    }

    /// Blocks asked for ahead: a MiB.
    private static let aheadLimit: UInt64 = 8

    private struct Kept {
        let offset: UInt64
        let wanted: Int
        let block: RemoteBlock
    }

    /// How much is kept: the blocks of the longest message, and one more.
    private static let recentLimit = 10

    init(_ file: RemoteBaseFile, _ opened: OpenedFid) {
        self.file = file
        store = file.store
        version = opened.version
        size = opened.size
        self.opened = Mutex(opened)
    }

    deinit { store.endOpen() }

    private var isRemembered: Bool { version != 0 && size > 0 }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        guard isRemembered else {
            let block = try take(offset, buffer.count, elseAsk: nil)
            let count = min(buffer.count, block.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: block.bytes[..<count]))
            return count
        }
        var done = 0
        for number in blocks(offset, buffer.count) {
            let block = try known(number, elseFetch: nil)
            let start = number == offset / Self.blockSize ? Int(offset % Self.blockSize) : 0
            guard start < block.count else { break }
            let count = min(block.count - start, buffer.count - done)
            UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: block.bytes[start..<start + count])
            )
            done += count
            if block.count < RemoteBlock.size { break }
        }
        return done
    }

    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        guard isRemembered, offset < size, let block = known(offset / Self.blockSize) else {
            return nil
        }
        let start = Int(offset % Self.blockSize)
        guard start < block.count, let base = block.bytes.baseAddress else { return nil }
        return Extent(
            place: .memory(UnsafeRawPointer(base) + start),
            count: min(count, block.count - start),
            owner: block
        )
    }

    func isReady(at offset: UInt64, count: Int) -> Bool {
        guard isRemembered else {
            return recent.withLock { $0.contains { $0.offset == offset && $0.wanted == count } }
        }
        return blocks(offset, count).allSatisfy { known($0) != nil }
    }

    func prepare(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation
    ) throws(FileError) {
        guard isRemembered else {
            let block = try ask(offset, count, cancellation)
            return keep(Kept(offset: offset, wanted: count, block: block))
        }
        for number in blocks(offset, count) {
            let block = try known(number, elseFetch: cancellation)
            keep(Kept(offset: number, wanted: RemoteBlock.size, block: block))
        }
    }

    // MARK: - What is remembered

    private static var blockSize: UInt64 { UInt64(RemoteBlock.size) }

    /// The numbers of the blocks that hold these bytes, up to the file's end.
    private func blocks(_ offset: UInt64, _ count: Int) -> Range<UInt64> {
        guard count > 0, offset < size else { return 0..<0 }
        let end = min(size, offset.addingReportingOverflow(UInt64(count)).partialValue)
        guard end > offset else { return 0..<0 }
        return offset / Self.blockSize..<(end - 1) / Self.blockSize + 1
    }

    private func known(_ number: UInt64) -> RemoteBlock? {
        store.block(key(number)) ?? recent.withLock { $0.first { $0.offset == number }?.block }
    }

    // `??` has no typed throws.
    private func known(
        _ number: UInt64,
        elseFetch cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock {
        if let block = known(number) { return block }
        return try fetch(number, cancellation)
    }

    private func keep(_ kept: Kept) {
        let gone = recent.withLock { recent -> Kept? in
            recent.append(kept)
            return recent.count > Self.recentLimit ? recent.removeFirst() : nil
        }
        withExtendedLifetime(gone) {}
    }

    private func take(
        _ offset: UInt64,
        _ count: Int,
        elseAsk cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock {
        let kept = recent.withLock { recent in
            recent.firstIndex { $0.offset == offset && $0.wanted == count }
                .map { recent.remove(at: $0).block }
        }
        if let kept { return kept }
        return try ask(offset, count, cancellation)
    }

    // MARK: - Asking

    private func fetch(
        _ number: UInt64,
        _ cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock {
        let window = run.withLock { $0.step(to: number) }
        let key = key(number)
        let early = store.takeAhead(key)
        if window > 0 { askAhead(number + 1..<number + 1 + window) }
        let (offset, count) = place(number)
        let block: RemoteBlock
        if let early, let whole = try finish(early, count, cancellation) {
            block = whole
        } else {
            block = try bytes(offset, count, cancellation)
        }
        store.learn(block, at: key)
        return block
    }

    /// Asks for blocks that nobody wants yet, as far as there are any.
    ///
    /// That they cannot be had is told when they are wanted.
    private func askAhead(_ numbers: Range<UInt64>) {
        let fid = opened.withLock { $0.fid }
        guard let exchange = fid.client.exchange else { return }
        for number in numbers.clamped(to: 0..<(size - 1) / Self.blockSize + 1) {
            let key = key(number)
            if known(number) != nil || store.isAhead(key) { continue }
            let (offset, count) = place(number)
            let read: PendingRead
            do throws(FileError) {
                read = try PendingRead(fid, exchange, at: offset, count: count)
            } catch {
                return
            }
            store.putAhead(read, key, messages: PendingRead.messages(count, of: fid.client))
        }
    }

    /// The block that was asked for earlier; nil when it is not whole, or there was no answer.
    private func finish(
        _ read: PendingRead,
        _ count: Int,
        _ cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock? {
        do throws(FileError) {
            let block = try RemoteBlock(capacity: count) { (room) throws(FileError) in
                try read.finish(into: room, until: cancellation).count
            }
            return block.count == count ? block : nil
        } catch {
            // Any other failure is told by the read that comes now, which may dial anew.
            guard error.kind == .interrupted else { return nil }
            throw error
        }
    }

    private func key(_ number: UInt64) -> RemoteMemory.BlockKey {
        RemoteMemory.BlockKey(path: file.path, version: version, number: number)
    }

    /// Where a block lies in the file.
    private func place(_ number: UInt64) -> (offset: UInt64, count: Int) {
        let offset = number * Self.blockSize
        return (offset, Int(min(Self.blockSize, size - offset)))
    }

    /// Reads what no one may remember: up to the length that the file is said to have all of it,
    /// behind that what one message brings, as devices have it.
    private func ask(
        _ offset: UInt64,
        _ count: Int,
        _ cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock {
        let client = opened.withLock { $0.fid.client }
        let most = offset < size ? size - offset : UInt64(client.largestData)
        return try bytes(offset, Int(min(UInt64(count), most)), cancellation)
    }

    /// Reads by the open fid; by another when the server had to be dialed anew, if the file is
    /// still the one that was opened.
    private func bytes(
        _ offset: UInt64,
        _ count: Int,
        _ cancellation: Cancellation?
    ) throws(FileError) -> RemoteBlock {
        func read(_ fid: Fid) throws(FileError) -> RemoteBlock {
            try RemoteBlock(capacity: count) { (room) throws(FileError) in
                try fid.readAll(into: room, at: offset, until: cancellation)
            }
        }
        let fid = opened.withLock { $0.fid }
        do throws(FileError) { return try read(fid) } catch {
            guard fid.client.failure != nil else { throw store.line.told(error, file.text) }
        }
        let again = try file.opened()
        guard again.version == version, again.size == size else {
            let why = FileError(.inputOutput, "changed while the server was away")
            throw store.line.told(why, file.text)
        }
        opened.withLock { $0 = again }
        do throws(FileError) { return try read(again.fid) } catch {
            throw store.line.told(error, file.text)
        }
    }
}
