/// The nodes of an index to be, found by parent and name.
struct ChildTable {
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private var used = 0

    func find(
        _ parent: UInt32,
        _ name: UInt32,
        among nodes: [IndexBuilder.Node]
    ) -> UInt32? {
        let node = slots[slot(parent, name, nodes)]
        return node == 0 ? nil : node
    }

    mutating func insert(_ node: UInt32, among nodes: [IndexBuilder.Node]) {
        used += 1
        if used * 2 > slots.count {
            let old = slots
            slots = Array(repeating: 0, count: old.count * 2)
            for node in old where node != 0 { place(node, nodes) }
        }
        place(node, nodes)
    }

    /// Puts a node in the place of the one with the same parent and name.
    mutating func replace(by node: UInt32, among nodes: [IndexBuilder.Node]) {
        place(node, nodes)
    }

    private mutating func place(_ node: UInt32, _ nodes: [IndexBuilder.Node]) {
        let at = nodes[Int(node)]
        slots[slot(at.parent, at.name, nodes)] = node
    }

    private func slot(_ parent: UInt32, _ name: UInt32, _ nodes: [IndexBuilder.Node]) -> Int {
        let mask = slots.count - 1
        let key = UInt64(parent) << 32 | UInt64(name)
        var slot = Int(truncatingIfNeeded: SlotHash.mix(key ^ Self.seed, Self.factor) >> 20) & mask
        while slots[slot] != 0 {
            let node = nodes[Int(slots[slot])]
            if node.parent == parent, node.name == name { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private static let seed = UInt64.random(in: .min ... .max)
    private static let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
}
