import FileTree

extension IndexBuilder {
    /// What is known of an archive once all of its members are.
    public struct Archive: Sendable {
        /// The identity of the tar; zero where none was computed.
        public var contentID = ContentID()
        /// The bytes of the uncompressed tar.
        public var tarSize: UInt64 = 0
        /// The paths to hide in layers below.
        public var holes: [[UInt8]] = []
        /// The directories whose entries to hide in layers below.
        public var opaques: [[UInt8]] = []
        var frames: [Frame] = []

        /// Makes a description of nothing.
        public init() {}
    }

    /// The bytes of the index of all members added.
    public func build(_ archive: Archive = Archive()) -> [UInt8] {
        let tree = IndexTree(nodes, names)
        let order = InodeOrder(self, tree)
        let whiteouts = Self.whiteoutSection(archive)
        let slots = IndexSlots(tree, nodes, names, seed: archive.contentID.words.0)
        let sizes: [(IndexLayout.Section, Int)] = [
            (.inodes, order.records.count * IndexLayout.inodeSize),
            (.entries, tree.order.count * IndexLayout.entrySize),
            (.lookup, slots.slots.count * 4),
            (.names, names.bytes.count),
            (.hashes, order.hashes.count * IndexLayout.hashSize),
            (.frames, archive.frames.count * IndexLayout.frameSize),
            (.aux, aux.bytes.count),
            (.owners, owners.records.count * IndexLayout.ownerSize),
            (.whiteouts, whiteouts.count),
        ]
        let head = IndexLayout.headerSize + sizes.count * IndexLayout.sectionSize
        let size = sizes.reduce(head) { $0 + ($1.1 + 7) & ~7 }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, used in
            buffer.initialize(repeating: 0)
            used = size
            var out = LittleEndianWriter(UnsafeMutableRawBufferPointer(buffer))
            out.put(IndexLayout.magic)
            out.put(IndexLayout.version)
            out.put(UInt32(sizes.count))
            out.put(UInt32(tree.order.count))
            out.put(UInt32(order.records.count))
            out.put(UInt32(archive.frames.count))
            out.put(UInt32(order.hashes.count))
            out.put(archive.tarSize)
            out.put(UInt64(size))
            out.put(UInt32(owners.records.count))
            out.put(UInt32(slots.slots.count))
            out.put(slots.seed)
            out.put(archive.contentID)
            out.skip(ContentID.byteCount)
            var start = head
            for (kind, size) in sizes {
                out.put(kind.rawValue)
                out.put(UInt32(0))
                out.put(UInt64(start))
                out.put(UInt64(size))
                start += (size + 7) & ~7
            }
            putInodes(order, tree, &out)
            putEntries(order, tree, &out)
            slots.slots.withUnsafeBytes { out.put($0) }
            names.bytes.withUnsafeBytes { out.put($0) }
            for hash in order.hashes { out.put(hashes[Int(hash) - 1]) }
            for frame in archive.frames {
                out.put(frame.offset | UInt64(frame.size) << 40)
                out.put(frame.tarOffset)
            }
            aux.bytes.withUnsafeBytes { out.put($0) }
            for owner in owners.records {
                out.put(owner.uid)
                out.put(owner.gid)
                out.put(owner.userName)
                out.put(owner.groupName)
            }
            whiteouts.withUnsafeBytes { out.put($0) }
            let hash = Index.hash(of: UnsafeRawBufferPointer(buffer))
            var field = LittleEndianWriter(
                UnsafeMutableRawBufferPointer(rebasing: out.all[IndexLayout.hashOffset...])
            )
            field.put(hash)
        }
    }

    private func putInodes(
        _ order: InodeOrder,
        _ tree: IndexTree,
        _ out: inout LittleEndianWriter
    ) {
        for (number, record) in order.records.enumerated() {
            let isImplied = record == Self.noInode
            var links: UInt32
            var first: UInt32
            var inode = Record()
            if isImplied {
                inode.mode = UInt16(Mode(.directory, 0o755).rawValue)
                links = 0
                first = 0
            } else {
                inode = records[Int(record)]
                links = order.links[Int(record)]
                first = inode.firstFrame
            }
            if Mode(rawValue: UInt32(inode.mode)).type == .directory {
                let entry = Int(order.directoryEntry[number])
                first = tree.firstChild[entry]
                links = tree.firstChild[entry + 1] - first
            }
            out.put(inode.mode)
            out.put(UInt16(inode.size >> 32))
            out.put(UInt32(truncatingIfNeeded: inode.size))
            out.put(inode.modified)
            out.put(inode.tarOffset | UInt64(inode.owner) << 48)
            out.put(links | UInt32(inode.flags) << 24)
            out.put(first)
            out.put(inode.hash == 0 ? 0 : order.hashNumber[Int(inode.hash) - 1])
            out.put(inode.aux)
        }
        out.pad()
    }

    private func putEntries(
        _ order: InodeOrder,
        _ tree: IndexTree,
        _ out: inout LittleEndianWriter
    ) {
        for (entry, node) in tree.order.enumerated() {
            let at = nodes[Int(node)]
            let name = names.place(of: at.name)
            out.put(name.offset)
            let flags = at.isListed ? UInt32(IndexLayout.EntryFlags.listed) : 0
            out.put(name.length | flags << 16)
            out.put(order.entryInode[entry])
            out.put(entry == 0 ? 0 : tree.entry[Int(at.parent)])
        }
        out.pad()
    }

    private static func whiteoutSection(_ archive: Archive) -> [UInt8] {
        var section: [UInt8] = []
        for (kind, paths) in [(UInt16(0), archive.holes), (1, archive.opaques)] {
            for path in paths.sorted(by: MemberPath.precedes) where path.count <= MemberPath.limit {
                section.append(littleEndian: kind)
                section.append(littleEndian: UInt16(path.count))
                section += path
            }
        }
        return section
    }
}

/// The nodes of an index to be in the order of its entries: each directory's together, by name.
struct IndexTree {
    /// The node of each entry.
    var order: [UInt32] = [0]
    /// The entry of each node that can be reached.
    var entry: [UInt32]
    /// The first child of each entry; one more at the end.
    var firstChild: [UInt32] = []

    init(_ nodes: [IndexBuilder.Node], _ names: NamePool) {
        entry = Array(repeating: 0, count: nodes.count)
        // The children of each node, by a count and a running sum.
        var starts = [UInt32](repeating: 0, count: nodes.count + 1)
        for node in nodes.dropFirst() where node.parent != IndexBuilder.noParent {
            starts[Int(node.parent) + 1] += 1
        }
        for number in 0..<nodes.count { starts[number + 1] += starts[number] }
        var next = starts
        var children = [UInt32](repeating: 0, count: Int(starts[nodes.count]))
        for (number, node) in nodes.enumerated().dropFirst()
        where node.parent != IndexBuilder.noParent {
            children[Int(next[Int(node.parent)])] = UInt32(number)
            next[Int(node.parent)] += 1
        }
        order.reserveCapacity(nodes.count)
        var at = 0
        names.bytes.withUnsafeBytes { pool in
            func name(_ node: UInt32) -> UnsafeRawBufferPointer {
                let place = names.place(of: nodes[Int(node)].name)
                let start = Int(place.offset)
                return UnsafeRawBufferPointer(rebasing: pool[start..<start + Int(place.length)])
            }
            while at < order.count {
                let node = Int(order[at])
                firstChild.append(UInt32(order.count))
                let range = Int(starts[node])..<Int(starts[node + 1])
                if range.count > 1 {
                    children[range].sort { Self.precedes(name($0), name($1)) }
                }
                for child in children[range] {
                    entry[Int(child)] = UInt32(order.count)
                    order.append(child)
                }
                at += 1
            }
        }
        firstChild.append(UInt32(order.count))
    }

    private static func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        let count = min(a.count, b.count)
        for at in 0..<count where a[at] != b[at] { return a[at] < b[at] }
        return a.count < b.count
    }
}

/// The records that a name still leads to, in the order in which they came; behind them one for
/// each implied directory, in the order of the entries.
struct InodeOrder {
    /// The builder's record of each inode; none for an implied directory.
    var records: [UInt32] = []
    /// How many names lead to each record.
    var links: [UInt32]
    /// The inode of each entry.
    var entryInode: [UInt32] = []
    /// The entry of each inode that is a directory.
    var directoryEntry: [UInt32]
    /// The builder's hashes still in use, counted from 1, in the order of the inodes.
    var hashes: [UInt32] = []
    /// The number, from 1, of each of the builder's hashes among those.
    var hashNumber: [UInt32]

    init(_ builder: borrowing IndexBuilder, _ tree: IndexTree) {
        let none = IndexBuilder.noInode
        links = Array(repeating: 0, count: builder.records.count)
        hashNumber = Array(repeating: 0, count: builder.hashes.count)
        for node in tree.order where builder.nodes[Int(node)].inode != none {
            links[Int(builder.nodes[Int(node)].inode)] += 1
        }
        var number = [UInt32](repeating: 0, count: builder.records.count)
        for (record, links) in links.enumerated() where links > 0 {
            number[record] = UInt32(records.count)
            records.append(UInt32(record))
            let hash = builder.records[record].hash
            if hash > 0 {
                hashes.append(hash)
                hashNumber[Int(hash) - 1] = UInt32(hashes.count)
            }
        }
        entryInode.reserveCapacity(tree.order.count)
        for node in tree.order {
            let inode = builder.nodes[Int(node)].inode
            if inode == none {
                entryInode.append(UInt32(records.count))
                records.append(none)
            } else {
                entryInode.append(number[Int(inode)])
            }
        }
        directoryEntry = Array(repeating: 0, count: records.count)
        for (entry, inode) in entryInode.enumerated() {
            directoryEntry[Int(inode)] = UInt32(entry)
        }
    }
}

/// The lookup table of an index: open addressing, at most four of five slots taken.
struct IndexSlots {
    private(set) var slots: [UInt32] = []
    /// What names are hashed with.
    private(set) var seed: UInt64

    /// `seed` is not to be foreseen by whoever chose the names.
    init(_ tree: IndexTree, _ nodes: [IndexBuilder.Node], _ names: NamePool, seed: UInt64) {
        var count = max(4, tree.order.count * 5 / 4 + 1)
        self.seed = seed
        var tries = 0
        while !fill(count, tree, nodes, names) {
            tries += 1
            count += count / 4
            // Names that collide in any table were chosen to: another seed parts them.
            if tries % 4 == 0 { self.seed = .random(in: .min ... .max) }
        }
    }

    private mutating func fill(
        _ count: Int,
        _ tree: IndexTree,
        _ nodes: [IndexBuilder.Node],
        _ names: NamePool
    ) -> Bool {
        slots = Array(repeating: 0, count: count)
        for (entry, node) in tree.order.enumerated().dropFirst() {
            let at = nodes[Int(node)]
            let directory = tree.entry[Int(at.parent)]
            let hash = names.withName(at.name) { NameHash.hash($0, in: directory, seed: seed) }
            var slot = Int(NameHash.slot(hash, of: UInt32(count)))
            var probes = 1
            while slots[slot] != 0 {
                slot = slot + 1 == count ? 0 : slot + 1
                probes += 1
                if probes > IndexLayout.probeLimit { return false }
            }
            slots[slot] =
                (UInt32(entry) | UInt32(truncatingIfNeeded: hash & 0xff) << 24)
                .littleEndian
        }
        return true
    }
}

/// Numbers put one after the other into memory that has room for them.
struct LittleEndianWriter {
    let all: UnsafeMutableRawBufferPointer
    private(set) var offset = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { all = memory }

    mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        all.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        offset += MemoryLayout<Value>.size
    }

    mutating func put(_ id: ContentID) {
        put(id.words.0)
        put(id.words.1)
        put(id.words.2)
        put(id.words.3)
    }

    /// Puts bytes, and zeros up to a multiple of eight.
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: all[offset...]).copyMemory(from: bytes)
        offset += bytes.count
        pad()
    }

    mutating func skip(_ count: Int) { offset += count }

    mutating func pad() { offset = (offset + 7) & ~7 }
}
