import Archive
import FileTree

extension Generation {
    /// Steps from a directory, whose qid's path is `hash`, to a name.
    @inline(__always)
    func step(_ from: Place, _ hash: UInt64, _ name: UnsafeRawBufferPointer) -> Step {
        guard from.entry.package == TableEntry.directory else {
            let child = withIndex(from.entry.package) { $0.lookup(from.entry.number, name) }
            guard let child, let child else { return .none(.missing, in: from) }
            var place = from
            place.entry.number = child
            return step(to: place, in: hash) { self.hash(name) }
        }
        let record = table.record(from.entry.number)
        let nameHash = self.hash(name)
        guard let position = find(name, nameHash, in: record) else {
            return .none(.missing, in: from)
        }
        return step(from, record, position) { nameHash }
    }

    /// Steps from a shared directory to the entry at a position.
    @inline(__always)
    func step(
        _ from: Place,
        _ record: UnsafePointer<DirectoryRecord>,
        _ position: UInt32,
        _ nameHash: () -> UInt64
    ) -> Step {
        let entry = table.entry(record, position)
        let place = Place(directory: from.entry.number, position: position, entry: entry)
        switch entry.package {
        case TableEntry.directory:
            let next = table.record(entry.number)
            return Step(
                outcome: next.pointee.has(DirectoryRecord.needsBase) ? .foundIfBelow : .found,
                place: place,
                hash: next.pointee.pathHash,
                isDirectory: true
            )
        case TableEntry.link:
            return Step(
                outcome: .found,
                place: place,
                hash: record.pointee.pathHash,
                isDirectory: false
            )
        case TableEntry.hole:
            return .none(.hidden, in: from)
        default:
            return step(to: place, in: record.pointee.pathHash, nameHash)
        }
    }

    /// A step to an entry of a package, in the directory whose qid's path is `parent`.
    @inline(__always)
    func step(to place: Place, in parent: UInt64, _ nameHash: () -> UInt64) -> Step {
        let isDirectory =
            withIndex(place.entry.package) { $0.isDirectory(place.entry.number) } == true
        return Step(
            outcome: .found,
            place: place,
            hash: isDirectory ? NameHash.path(parent, nameHash()) : parent,
            isDirectory: isDirectory
        )
    }

    /// The place of the directory that holds a place; the root is its own.
    func parent(of place: Place) -> Place {
        let record = table.record(place.directory)
        let shared = Place.shared(place.directory, record.pointee)
        guard place.entry.isPackage else { return shared }
        if table.entry(record, place.position) == place.entry { return shared }
        var parent = place
        parent.entry.number = withIndex(place.entry.package) { $0.parent(place.entry.number) } ?? 0
        // The root of a package is in no shared directory: the table has changed underneath.
        return parent.entry.number == 0 ? shared : parent
    }

    /// The qid's path of a directory by its place.
    func hash(ofDirectory place: Place) -> UInt64 {
        var names: [UInt64] = []
        var place = place
        while place.entry.isPackage {
            names.append(hash(name(place.entry)))
            place = parent(of: place)
        }
        let start = table.record(place.entry.number).pointee.pathHash
        return names.reversed().reduce(start) { NameHash.path($0, $1) }
    }

    /// Whether a directory, or one above it, hides what the base has.
    func hidesBase(_ place: Place) -> Bool {
        guard base != nil else { return true }
        let isShared = place.entry.package == TableEntry.directory
        var number = isShared ? place.entry.number : place.directory
        while true {
            let record = table.directory(number)
            if record.has(DirectoryRecord.hidesBase) { return true }
            if number == 0 { return false }
            number = min(record.parent, number - 1)
        }
    }

    /// The directory that the base has at a place; nil where it has none, or it is hidden.
    func below(_ place: Place) throws(FileError) -> (any Directory)? {
        guard let base, !hidesBase(place) else { return nil }
        var names: [UnsafeRawBufferPointer] = []
        var place = place
        while place.entry.isPackage || place.entry.number != 0 {
            names.append(name(place.entry))
            place = parent(of: place)
        }
        var directory = base
        for name in names.reversed() {
            guard let next = try directory.node(named: name.bytes)?.directory else { return nil }
            directory = next
        }
        return directory
    }
}
