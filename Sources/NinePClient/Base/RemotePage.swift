internal import FileTree

/// A part of a directory's listing.
struct RemotePage: Sendable {
    /// One entry.
    struct Entry: Sendable {
        let name: [UInt8]
        /// The qid's path, where attributes were not told.
        var path: UInt64?
        /// All attributes, where they were told.
        var stat: Stat?
        /// The cookie behind it.
        let next: UInt64
    }

    /// How many entries a page has whose entries are counted.
    static let size: UInt64 = 256
    /// How many bytes of a listing are asked for where entries have cookies.
    ///
    /// A client that takes in less at a time has the rest remembered, and asked for again when that
    /// is gone.
    static let bytes = 16 << 10

    /// The version of the directory by which it was read.
    let version: UInt32
    let entries: [Entry]
    /// The cookie at which the next page starts; nil for the last.
    let next: UInt64?

    init(version: UInt32, _ entries: [Entry], next: UInt64?) {
        self.version = version
        self.entries = entries
        self.next = next
    }

    /// What it takes to remember it, in bytes.
    var cost: Int {
        entries.reduce(64) { $0 + MemoryLayout<Entry>.stride + 32 + $1.name.count }
    }

    /// Whether an entry's name can be one; a server may say anything.
    static func isShown(_ name: [UInt8]) -> Bool {
        name.withUnsafeBytes { FileName.isLegal($0) }
    }
}

/// A listing of 9P2000 or 9P2000.u that is being read: it goes on where the last read ended, and
/// nowhere else.
///
/// `@unchecked Sendable`: whoever has taken it out of the store is the only one to use it.
final class RemoteReader: @unchecked Sendable {
    let fid: Fid
    /// The number of the next entry.
    private(set) var number: UInt64 = 0
    private var offset: UInt64 = 0
    private var left: [RemoteEntry] = []
    private var isOver = false

    private let limit: Int

    /// Starts at the front of an open directory, which may have so many names.
    init(_ fid: Fid, limit: Int) {
        self.fid = fid
        self.limit = limit
    }

    /// Reads the next page.
    func page(version: UInt32) throws(FileError) -> RemotePage {
        var told: [RemoteEntry] = []
        while told.count < Int(RemotePage.size) {
            if left.isEmpty {
                if isOver { break }
                let (piece, next) = try fid.entries(at: offset)
                isOver = next == offset
                offset = next
                left = piece.filter { RemotePage.isShown($0.name) }.reversed()
                continue
            }
            guard let entry = left.popLast() else { break }
            told.append(entry)
        }
        guard number <= limit else {
            throw FileError(.inputOutput, "a listing of more than \(limit) names")
        }
        var entries: [RemotePage.Entry] = []
        for entry in told {
            guard let stat = entry.attributes?.stat else { continue }
            number += 1
            entries.append(
                RemotePage.Entry(
                    name: entry.name,
                    stat: RemoteStore.shown(stat),
                    next: number
                )
            )
        }
        let isLast = entries.count < Int(RemotePage.size)
        return RemotePage(version: version, entries, next: isLast ? nil : number)
    }
}
