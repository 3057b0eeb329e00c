import FileTree

/// Reads many generations of a log in their order: the last few are kept, for the next one
/// differs from one of them, most often.
struct GenerationReader {
    private let log: GenerationLog
    private var last: [GenerationRecord] = []
    private static let limit = 4

    init(_ log: GenerationLog) { self.log = log }

    /// The generation that begins at `place`.
    ///
    /// Errors: as of `GenerationLog.block`.
    mutating func record(at place: Int) throws(FileError) -> GenerationRecord {
        if let known = last.first(where: { $0.place?.at == place }) { return known }
        let record = try log.record(of: log.block(at: place), last)
        if last.count == Self.limit { last.removeFirst() }
        last.append(record)
        return record
    }
}
