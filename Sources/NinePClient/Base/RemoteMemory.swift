internal import FileTree

/// What is remembered of another server's tree; each kind has its bound.
struct RemoteMemory: Sendable {
    var stats: BoundedCache<UInt64, Learnt<Stat>>
    /// The qid path behind a name; nil where there was none.
    var names: BoundedCache<Place, Learnt<UInt64?>>
    var details: BoundedCache<Detail, Learnt<Result<[UInt8], FileError>>>
    var pages: BoundedCache<PageKey, Learnt<RemotePage>>
    var blocks: BoundedCache<BlockKey, RemoteBlock>
    /// Blocks that were asked for before anybody wanted them; they cost their requests.
    var ahead: Ahead
    var fids: BoundedCache<UInt64, Fid>
    var readers: BoundedCache<UInt64, RemoteReader>

    typealias Ahead = BoundedCache<BlockKey, PendingRead>

    /// What a request costs in `ahead`: no less than an entry does.
    static var requestCost: Int { Ahead.overhead }

    /// What was learnt at a time.
    struct Learnt<Value: Sendable>: Sendable {
        let value: Value
        let time: UInt64
    }

    /// A name in the directory with this qid path.
    struct Place: Hashable {
        let directory: UInt64
        let name: [UInt8]
    }

    /// One of several short texts of a file.
    struct Detail: Hashable {
        enum Kind: Hashable {
            case link
            case attribute([UInt8])
            case attributeNames
        }
        let path: UInt64
        let kind: Kind
    }

    /// A part of a listing, from this cookie on.
    struct PageKey: Hashable {
        let path: UInt64
        let cookie: UInt64
    }

    /// A block of one version of a file.
    struct BlockKey: Hashable {
        let path: UInt64
        let version: UInt32
        let number: UInt64
    }

    /// Makes an empty memory.
    init(_ options: RemoteBase.Options) {
        // Names are as long as they are: 64 bytes each are more than enough on most machines.
        let nameBytes = options.entries * (64 + BoundedCache<Place, Learnt<UInt64?>>.overhead)
        stats = BoundedCache(bytes: .max, entries: options.entries)
        names = BoundedCache(bytes: nameBytes, entries: options.entries)
        details = BoundedCache(bytes: options.listingBytes / 4, entries: options.entries)
        pages = BoundedCache(bytes: options.listingBytes / 4 * 3, entries: options.entries)
        blocks = BoundedCache(bytes: options.fileBytes, entries: options.entries)
        // A quarter of an exchange's tags, whoever reads.
        ahead = Ahead(bytes: Exchange.limit / 4 * Self.requestCost, entries: Exchange.limit / 4)
        fids = BoundedCache(bytes: .max, entries: options.fids)
        readers = BoundedCache(bytes: .max, entries: 16)
    }

    /// What is remembered: entries of all kinds, and bytes of listings, texts and files.
    var extent: (entries: Int, bytes: Int) {
        (
            stats.count + names.count + details.count + pages.count + blocks.count + fids.count,
            names.bytes + details.bytes + pages.bytes + blocks.bytes
        )
    }
}
