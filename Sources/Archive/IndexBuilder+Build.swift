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
        var frames: [FramePlace] = []

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
