import Archive
import FileTree

/// What a view shows at one time: packages, the table over them, and what lies below.
///
/// It never changes. Nodes hold it by way of their view, and so go on when another has taken its
/// place.
///
/// `@unchecked Sendable`: the pointer is to what `list` holds and never changes.
final class Generation: @unchecked Sendable {
    let list: PackageList
    let table: Table
    /// The directory below the packages.
    let base: (any Directory)?
    /// What steps ask of packages.
    private let members: UnsafeBufferPointer<PackageList.Member>

    init(_ list: PackageList, _ table: Table, base: (any Directory)?) {
        self.list = list
        members = list.members
        self.table = table
        self.base = base
    }

    convenience init(_ packages: [Package], _ table: Table, base: (any Directory)?) {
        self.init(PackageList(packages), table, base: base)
    }

    var packages: [Package] { list.packages }

    /// What qids of a package's files are made of: with a salt where two files had one.
    @inline(__always)
    private func seed(_ package: UInt32) -> UInt64 {
        let member = members[Int(package)]
        return table.salt == 0 ? member.seed : NameHash.package(member.id, salt: table.salt)
    }

    /// Refuses to say that a name is not there, in the directory at a place, when what would know is
    /// damaged.
    func checkWhole(at place: Place) throws(FileError) {
        look(place.entry)
        guard StoredBytes.anyIsCut else { return }
        if table.storage.isCut {
            throw FileError(.inputOutput, "the table of an environment was cut while it was used")
        }
        // Once any has been cut this is the way of every name that is not there: it makes nothing.
        for (number, member) in members.enumerated()
        where member.index._withUnsafeGuaranteedRef({ $0.isCut }) {
            throw FileError(.inputOutput, "\(packages[number].path): cut while it was served")
        }
    }

    /// Looks whether the package of an entry is as it was.
    private func look(_ entry: TableEntry) { _ = withIndex(entry.package) { $0.look() } }

    /// Asks the index of a package, without touching its reference count.
    @inline(__always)
    func withIndex<Result>(_ package: UInt32, _ body: (Index) -> Result) -> Result? {
        guard package < members.count else { return nil }
        return members[Int(package)].index._withUnsafeGuaranteedRef(body)
    }

    /// What an entry of a package is; an empty file of mode 0 where there is none.
    @inline(__always)
    func inode(_ entry: TableEntry) -> Inode? {
        withIndex(entry.package) { $0.inode($0.inodeNumber(entry.number)) }
    }

    /// The name that an entry of a shared directory has.
    @inline(__always)
    func name(_ entry: TableEntry) -> UnsafeRawBufferPointer {
        switch entry.package {
        case TableEntry.directory:
            let record = table.record(entry.number)
            return table.text(record.pointee.nameOffset, Int(record.pointee.nameLength))
        case TableEntry.link, TableEntry.hole:
            let extra = table.extra(entry.number)
            return table.text(extra.nameOffset, Int(extra.nameLength))
        default:
            return withIndex(entry.package) { $0.name(entry.number) }
                ?? UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    /// Asks the processor for what a listing of a shared directory comes to soon: entries beside each
    /// other are of many packages, whose indexes are far apart, and one at a time is waited for.
    @inline(__always)
    func prefetch(_ record: UnsafePointer<DirectoryRecord>, after position: UInt32) {
        let count = record.pointee.entryCount
        func entry(_ ahead: UInt32) -> TableEntry? {
            let place = position &+ ahead
            return place < count ? table.entry(record, place) : nil
        }
        guard let near = entry(5) else { return }
        _ = withIndex(near.package) { $0.prefetchFile(of: near.number) }
        guard let far = entry(10) else { return }
        _ = withIndex(far.package) { $0.prefetchEntry(far.number) }
        guard let last = entry(15), last.package < members.count else { return }
        Index.prefetch(members[Int(last.package)].index)
    }

    /// A version for a directory of one package: another package has another.
    @inline(__always)
    func version(ofDirectory entry: TableEntry) -> UInt32 {
        guard entry.package < members.count else { return 1 }
        return UInt32(truncatingIfNeeded: seed(entry.package) ^ UInt64(entry.number) << 1) | 1
    }

    /// The qid's path of a package's file.
    @inline(__always)
    func qidPath(_ package: UInt32, _ inode: UInt32) -> UInt64 {
        guard package < members.count else { return 0 }
        return NameHash.member(seed(package), inode)
    }

    /// The hash of a name by which this table finds it.
    @inline(__always)
    func hash(_ name: UnsafeRawBufferPointer) -> UInt64 { NameHash.name(name, salt: table.salt) }

    /// The position of a name of the hash given in a shared directory.
    ///
    /// - Complexity: one probe, most often, however many names and owners there are.
    @inline(__always)
    func find(
        _ name: UnsafeRawBufferPointer,
        _ hash: UInt64,
        in record: UnsafePointer<DirectoryRecord>
    ) -> UInt32? {
        if record.pointee.has(DirectoryRecord.searched) { return search(name, in: record) }
        let slots = record.pointee.slotCount
        guard slots > 0 else { return nil }
        let bits = SlotFormat.positionBits(record.pointee.entryCount)
        let mask = SlotFormat.mask(bits)
        let tag = SlotFormat.tag(hash, bits)
        var slot = SlotFormat.first(hash, slots)
        var left = TableLayout.probeLimit
        while left >= 0 {
            left -= 1
            let value = table.slot(record, slot)
            if value == 0 { return nil }
            if value & ~mask == tag {
                let position = (value & mask) &- 1
                let entry = table.entry(record, position)
                if NameOrder.equal(self.name(entry), name) { return position }
                // Hardly ever another name of that hash.
                look(entry)
            }
            slot = slot + 1 == slots ? 0 : slot + 1
        }
        return nil
    }

    /// Finds a name by halving: for directories whose names were made to share slots.
    private func search(
        _ name: UnsafeRawBufferPointer,
        in record: UnsafePointer<DirectoryRecord>
    ) -> UInt32? {
        var low: UInt32 = 0
        var high = record.pointee.entryCount
        while low < high {
            let middle = low + (high - low) / 2
            let entry = table.entry(record, middle)
            let order = NameOrder.compare(self.name(entry), name)
            if order == 0 { return middle }
            look(entry)
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}
