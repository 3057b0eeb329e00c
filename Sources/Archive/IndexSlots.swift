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
            let hash = names.withName(at.name) { SlotHash.hash($0, in: directory, seed: seed) }
            var slot = Int(SlotHash.slot(hash, of: UInt32(count)))
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
