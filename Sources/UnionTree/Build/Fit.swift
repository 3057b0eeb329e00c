public import Archive
public import FileTree

/// Whether a package goes with those of a table, found by the package's own names alone.
///
/// The table knows what the packages show together: a new package of a thousand names is a
/// thousand probes, however many packages and names there are. Only packages that have one of
/// its names are opened, to be compared with. Whatever is not plain (a name that another has, and
/// not the same; a hole; a rule that has something to say about it) is left to the merge of all.
public struct Fit {
    private let table: Table
    private let open: (Int) throws(FileError) -> Package
    private let ids: [ContentID]
    private let added: Package
    private var opened: [UInt32: Package] = [:]
    private let isPlain: Bool

    /// Starts with the table of a set of packages; nil where there is none.
    ///
    /// - Parameters:
    ///   - added: the package that is to come.
    ///   - ids: of the packages that there are, ascending, as the table numbers them.
    ///   - rules: how they are joined, and will be.
    ///   - environment: the name of theirs.
    ///   - folder: where tables are kept.
    ///   - open: opens the package of a number.
    public init?(
        _ added: Package,
        to ids: [ContentID],
        _ rules: UnionRules,
        environment: String,
        cache folder: String,
        open: @escaping (Int) throws(FileError) -> Package
    ) {
        // Whether one of them is Debian's is not known without opening them all.
        var found: Table?
        var expectsUsr = false
        let packages = UnionMaker.hash(of: ids)
        for usr in [true, false] where found == nil {
            let key = UnionMaker.key(packages, rules, environment: environment, usr: usr)
            found = TableFile.open(key, ids.count, in: folder)
            expectsUsr = usr
        }
        guard let table = found else { return nil }
        self.table = table
        self.ids = ids
        self.open = open
        self.added = added
        isPlain =
            rules.mode == .set && rules.aliases.isEmpty && added.index.holes.isEmpty
            && added.index.opaques.isEmpty && added.replaced.isEmpty
            && (expectsUsr || !added.isDebian)
            && !rules.blocks.contains { $0.package == added.name }
    }

    /// Whether it certainly goes with them.
    ///
    /// Errors: those of reading packages that have the same names.
    public mutating func holds() throws(FileError) -> Bool {
        guard isPlain else { return false }
        return try compare(0, 0, isRoot: true)
    }

    /// Whether it certainly goes with another that is to come, too.
    ///
    /// Errors: those of reading the two.
    public func holds(with other: Package) throws(FileError) -> Bool {
        guard isPlain, other.index.holes.isEmpty, other.index.opaques.isEmpty,
            other.replaced.isEmpty
        else { return false }
        for package in [added, other] {
            let index = package.index
            for child in index.children(0) {
                let name = index.name(child)
                // What aliases move is compared where it goes, by the merge.
                if Plan.mergedUsr.contains(where: { name.elementsEqual($0.utf8) }) { return false }
            }
        }
        let index = added.index
        for child in index.children(0) where index.parent(child) == 0 {
            guard let found = other.index.lookup(0, index.name(child)) else { continue }
            guard try compare(child, found, of: other) else { return false }
        }
        return true
    }

    /// Compares a directory of the new package with a shared one.
    private mutating func compare(
        _ entry: UInt32,
        _ number: UInt32,
        isRoot: Bool
    ) throws(FileError) -> Bool {
        let record = table.record(number)
        if !isRoot, try !agrees(entry, with: record.pointee.attributes) { return false }
        let index = added.index
        for child in index.children(entry) where index.parent(child) == entry {
            let name = index.name(child)
            // A link that is an alias stands there, or would when the directory comes.
            if isRoot, Plan.mergedUsr.contains(where: { name.elementsEqual($0.utf8) }) {
                guard try compareMerged(child, name) else { return false }
                continue
            }
            guard let found = try find(name, in: record) else { return false }
            switch found {
            case .none: continue
            case .some(let other):
                guard try compare(child, other) else { return false }
            }
        }
        return true
    }

    /// Follows one of the aliases of a merged /usr.
    private mutating func compareMerged(
        _ child: UInt32,
        _ name: UnsafeRawBufferPointer
    ) throws(FileError) -> Bool {
        guard added.index.isDirectory(child),
            case .some(.some(let link)) = try find(name, in: table.record(0)),
            link.package == TableEntry.link
        else { return false }
        let usr = Array("usr".utf8)
        guard
            case .some(.some(let below)) = try usr.span.bytes.withUnsafeBytes({
                (bytes) throws(FileError) in
                try find(bytes, in: table.record(0))
            }),
            below.package == TableEntry.directory,
            case .some(.some(let target)) = try find(name, in: table.record(below.number)),
            target.package == TableEntry.directory
        else { return false }
        return try compare(child, target.number, isRoot: false)
    }

    /// Compares a name of the new package with what has it.
    private mutating func compare(
        _ child: UInt32,
        _ other: TableEntry
    ) throws(FileError) -> Bool {
        let isDirectory = added.index.isDirectory(child)
        if other.package == TableEntry.directory {
            guard isDirectory else { return false }
            return try compare(child, other.number, isRoot: false)
        }
        guard other.isPackage else { return false }
        let package = try package(other.package)
        return try compare(child, other.number, of: package)
    }

    /// Compares a name of the new package with another's, and all below.
    private func compare(
        _ child: UInt32,
        _ other: UInt32,
        of package: Package
    ) throws(FileError) -> Bool {
        let (index, theirs) = (added.index, package.index)
        let mine = index.inode(index.inodeNumber(child))
        let inode = theirs.inode(theirs.inodeNumber(other))
        guard mine.mode.type == inode.mode.type else { return false }
        guard mine.mode.type == .directory else {
            return try isSame(mine, inode, package)
        }
        if index.isListed(child), theirs.isListed(other), added.ownsDirectories,
            package.ownsDirectories, !hasSameAttributes(mine, inode, theirs)
        {
            return false
        }
        for name in index.children(child) where index.parent(name) == child {
            guard let found = theirs.lookup(other, index.name(name)) else { continue }
            guard try compare(name, found, of: package) else { return false }
        }
        return true
    }

    private func isSame(
        _ mine: Inode,
        _ inode: Inode,
        _ package: Package
    ) throws(FileError) -> Bool {
        guard hasSameAttributes(mine, inode, package.index) else { return false }
        switch mine.mode.type {
        case .regular:
            guard mine.size == inode.size else { return false }
            if mine.size == 0 { return true }
            return try added.hash(mine.number) == package.hash(inode.number)
        case .symlink:
            return added.index.linkTarget(mine).elementsEqual(package.index.linkTarget(inode))
        case .characterDevice, .blockDevice:
            return added.index.device(mine) == package.index.device(inode)
        default: return true
        }
    }

    /// Whether a listed directory of the new package has the attributes of one that the table has.
    private mutating func agrees(
        _ entry: UInt32,
        with other: TableEntry
    ) throws(FileError) -> Bool {
        guard added.ownsDirectories, added.index.isListed(entry) else { return true }
        // Nobody lists it yet.
        guard other.isPackage else { return true }
        let package = try package(other.package)
        guard package.ownsDirectories else { return true }
        let theirs = package.index
        return hasSameAttributes(
            added.index.inode(added.index.inodeNumber(entry)),
            theirs.inode(theirs.inodeNumber(other.number)),
            theirs
        )
    }

    private func hasSameAttributes(_ mine: Inode, _ inode: Inode, _ theirs: Index) -> Bool {
        mine.mode == inode.mode && mine.uid == inode.uid && mine.gid == inode.gid
            && (!mine.hasAttributes && !inode.hasAttributes
                || added.index.attributes(mine) == theirs.attributes(inode))
    }

    private mutating func package(_ number: UInt32) throws(FileError) -> Package {
        if let known = opened[number] { return known }
        guard Int(number) < ids.count else { throw .malformed("table: package \(number)") }
        let package = try open(Int(number))
        opened[number] = package
        return package
    }

    /// What a shared directory has under a name: `.some(nil)` for nothing, nil where that cannot
    /// be told by the slots.
    private mutating func find(
        _ name: UnsafeRawBufferPointer,
        in record: UnsafePointer<DirectoryRecord>
    ) throws(FileError) -> TableEntry?? {
        guard !record.pointee.has(DirectoryRecord.searched) else { return nil }
        let slots = record.pointee.slotCount
        guard slots > 0 else { return .some(nil) }
        let hash = NameHash.name(name, salt: table.salt)
        let bits = SlotFormat.positionBits(record.pointee.entryCount)
        let mask = SlotFormat.mask(bits)
        let tag = SlotFormat.tag(hash, bits)
        var slot = SlotFormat.first(hash, slots)
        for _ in 0...TableLayout.probeLimit {
            let value = table.slot(record, slot)
            if value == 0 { return .some(nil) }
            // Another name may have the same bits: only then the package is asked.
            if value & ~mask == tag {
                let entry = table.entry(record, (value & mask) &- 1)
                if try has(entry, name) { return entry }
            }
            slot = slot + 1 == slots ? 0 : slot + 1
        }
        return nil
    }

    private mutating func has(
        _ entry: TableEntry,
        _ name: UnsafeRawBufferPointer
    ) throws(FileError) -> Bool {
        switch entry.package {
        case TableEntry.directory:
            let record = table.record(entry.number).pointee
            return NameOrder.equal(table.text(record.nameOffset, Int(record.nameLength)), name)
        case TableEntry.link, TableEntry.hole:
            let extra = table.extra(entry.number)
            return NameOrder.equal(table.text(extra.nameOffset, Int(extra.nameLength)), name)
        default:
            return NameOrder.equal(try package(entry.package).index.name(entry.number), name)
        }
    }
}
