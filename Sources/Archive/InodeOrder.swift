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
