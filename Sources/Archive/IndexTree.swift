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
