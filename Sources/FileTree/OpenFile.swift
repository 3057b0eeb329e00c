/// A file that has been opened; let go of, it is closed.
///
/// All methods may be called from any thread, beside any other. None blocks for long but
/// `prepare`: a server calls `isReady` first and leaves what has to wait to another thread.
public protocol OpenFile: AnyObject, Sendable {
    /// Reads bytes from `offset` into `buffer` and returns how many; 0 at the end.
    ///
    /// Fewer than asked for are returned at the file's end alone.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError)
        -> Int

    /// Writes all bytes at `offset`, or at the end of a file opened to append.
    func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError)

    /// Whether its bytes are made for this open alone, so that no client may keep them for the
    /// next.
    var isMadeForOpen: Bool { get }

    /// Whether a write of these bytes may take long: then a server leaves it to another thread.
    func isSlow(writing bytes: RawSpan) -> Bool

    /// Puts the file's bytes on stable storage.
    func sync() throws(FileError)

    /// Where the bytes from `offset` lie, so that they can be sent without a copy; nil where they
    /// have to be read.
    ///
    /// The extent holds `count` bytes, or as many as there are up to the file's end; it may hold
    /// fewer, but at least one unless it is at the end.
    func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent?

    /// What lies at `offset`, which is before the file's end: bytes that are stored or a hole, and
    /// up to where at least; nil where that is not known.
    func stretch(at offset: UInt64) throws(FileError) -> Stretch?

    /// Whether a read of these bytes would return at once.
    func isReady(at offset: UInt64, count: Int) -> Bool

    /// Waits until a read of these bytes can return at once, or `cancellation` fires.
    ///
    /// Errors: `.interrupted` when it fired; else what the read would throw.
    func prepare(at offset: UInt64, count: Int, until cancellation: Cancellation) throws(FileError)

    /// Has `body` called once, by whatever thread, when a read of these bytes can return at once,
    /// or with the error that `prepare` would throw; false where nobody can say, and then only
    /// `prepare` does.
    ///
    /// What may never happen is not to take a thread for each who waits for it. No lock is held
    /// while `body` runs, which may be before this returns.
    func whenReady(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation,
        _ body: @escaping @Sendable (FileError?) -> Void
    ) -> Bool
}

extension OpenFile {
    /// Refuses: nothing can be changed here.
    public func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        throw FileError(.readOnly)
    }

    /// Says no.
    public var isMadeForOpen: Bool { false }

    /// Says no.
    public func isSlow(writing bytes: RawSpan) -> Bool { false }

    /// Does nothing: there is nothing to put on storage.
    public func sync() throws(FileError) {}

    /// Says that bytes have to be read.
    public func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? { nil }

    /// Says that nothing is known of holes.
    public func stretch(at offset: UInt64) throws(FileError) -> Stretch? { nil }

    /// Says yes.
    public func isReady(at offset: UInt64, count: Int) -> Bool { true }

    /// Returns at once.
    public func prepare(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation
    ) throws(FileError) {}

    /// Says no.
    public func whenReady(
        at offset: UInt64,
        count: Int,
        until cancellation: Cancellation,
        _ body: @escaping @Sendable (FileError?) -> Void
    ) -> Bool { false }
}

/// Bytes of a file that are stored, or a hole, which reads as zeros.
@frozen
public struct Stretch: Hashable, Sendable {
    /// Whether nothing is stored.
    public var isHole: Bool
    /// Where it ends, or where more of its kind may begin: behind where it was asked for, and also
    /// behind the file's end.
    public var end: UInt64

    /// Makes one.
    @inlinable
    public init(isHole: Bool, end: UInt64) {
        self.isHole = isHole
        self.end = end
    }
}

/// Bytes of a file where they lie, in memory or below a descriptor.
@frozen
public struct Extent {
    /// Where the bytes lie.
    @frozen
    public enum Place {
        /// In memory, from this address.
        case memory(UnsafeRawPointer)
        /// In a file of the host, for sendfile(2).
        case descriptor(Int32, offset: UInt64)
    }

    /// Where the bytes lie.
    public var place: Place
    /// How many there are.
    public var count: Int
    /// What has to be held for as long as the bytes are used; nil where the open file is enough.
    public var owner: AnyObject?

    /// Makes an extent.
    @inlinable
    public init(place: Place, count: Int, owner: AnyObject? = nil) {
        self.place = place
        self.count = count
        self.owner = owner
    }
}
