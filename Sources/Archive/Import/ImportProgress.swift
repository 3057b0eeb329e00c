/// Hears how far a long import is.
public final class ImportProgress: Sendable {
    private let body: @Sendable (_ done: UInt64, _ total: UInt64) -> Void

    /// Makes a listener; `body` is called on the importing thread, often, with the bytes of the
    /// foreign file, or of a directory's files, that are done and all there are.
    public init(_ body: @escaping @Sendable (_ done: UInt64, _ total: UInt64) -> Void) {
        self.body = body
    }

    func report(_ done: UInt64, of total: UInt64) { body(min(done, total), total) }
}
