import Archive
import Glibc

/// The names of several directories in one order, each once, with all entries of that name.
///
/// A heap of one cursor a directory; names are compared by their first eight bytes, and by the
/// rest only where those are equal.
struct DirectoryMerge {
    private struct Cursor {
        var prefix: UInt64
        var package: UInt32
        var directory: UInt32
        var entry: UInt32
        var end: UInt32
        /// The directory's place among those merged: entries of one name keep that order.
        var place: UInt32
    }

    private let packages: [Package]
    private var heap: [Cursor] = []

    /// Starts at the first name of `directories`.
    init(_ directories: some Collection<TableEntry>, of packages: [Package]) {
        self.packages = packages
        heap.reserveCapacity(directories.count)
        for (place, directory) in directories.enumerated() {
            let children = packages[Int(directory.package)].index.children(directory.number)
            var cursor = Cursor(
                prefix: 0,
                package: directory.package,
                directory: directory.number,
                entry: children.lowerBound,
                end: children.upperBound,
                place: UInt32(place)
            )
            if settle(&cursor) { heap.append(cursor) }
        }
        for place in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(place) }
    }

    /// The name that `next` would give; nil at the end.
    ///
    /// Valid for as long as the packages are.
    var name: UnsafeRawBufferPointer? { heap.first.map(name) }

    /// Puts all entries of the next name into `group`, and steps on.
    mutating func next(_ group: inout [TableEntry]) {
        group.removeAll(keepingCapacity: true)
        guard let first = heap.first else { return }
        repeat {
            group.append(TableEntry(package: heap[0].package, number: heap[0].entry))
            heap[0].entry += 1
            if !settle(&heap[0]) {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
            if !heap.isEmpty { sink(0) }
        } while !heap.isEmpty && heap[0].prefix == first.prefix && compare(heap[0], first) == 0
    }

    /// Moves to the next entry that is the directory's own, if there is one.
    ///
    /// Two directories of a broken index may claim the same entries; each has one parent.
    private func settle(_ cursor: inout Cursor) -> Bool {
        let index = packages[Int(cursor.package)].index
        while cursor.entry < cursor.end, index.parent(cursor.entry) != cursor.directory {
            cursor.entry += 1
        }
        guard cursor.entry < cursor.end else { return false }
        cursor.prefix = prefix(cursor)
        return true
    }

    private func name(_ cursor: Cursor) -> UnsafeRawBufferPointer {
        packages[Int(cursor.package)].index.name(cursor.entry)
    }

    private func prefix(_ cursor: Cursor) -> UInt64 {
        let name = name(cursor)
        if name.count >= 8 { return UInt64(bigEndian: name.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for byte in name { prefix = prefix << 8 | UInt64(byte) }
        return prefix << (8 * UInt64(8 - name.count))
    }

    private func compare(_ a: Cursor, _ b: Cursor) -> Int {
        NameOrder.compare(name(a), name(b))
    }

    private func precedes(_ a: Cursor, _ b: Cursor) -> Bool {
        if a.prefix != b.prefix { return a.prefix < b.prefix }
        let order = compare(a, b)
        return order == 0 ? a.place < b.place : order < 0
    }

    private mutating func sink(_ start: Int) {
        var place = start
        let moving = heap[start]
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
            guard precedes(heap[child], moving) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = moving
    }
}

/// The order of names: by their bytes.
enum NameOrder {
    /// Below 0, 0 or above 0 as `a` comes before, is, or comes behind `b`.
    @inline(__always)
    static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let shared = min(a.count, b.count)
        if shared > 0, let a = a.baseAddress, let b = b.baseAddress {
            let order = memcmp(a, b, shared)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }

    /// Whether two names are the same.
    @inline(__always)
    static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count, let a = a.baseAddress, let start = b.baseAddress else {
            return false
        }
        return memcmp(a, start, b.count) == 0
    }
}
