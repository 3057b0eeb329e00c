import FileTree

/// The distinct names of an index, one after the other, found again by their bytes.
struct NamePool {
    private(set) var bytes: [UInt8] = []
    // Where each name starts; one more at the end. Name 0 is the empty one.
    private var starts: [UInt32] = [0, 0]
    private var slots: [UInt32] = Array(repeating: 0, count: 64)

    var count: Int { starts.count - 1 }

    func place(of number: UInt32) -> (offset: UInt32, length: UInt32) {
        let start = starts[Int(number)]
        return (start, starts[Int(number) + 1] - start)
    }

    func withName<R>(_ number: UInt32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let (offset, length) = place(of: number)
        return bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset + length)]))
        }
    }

    func find(_ name: UnsafeRawBufferPointer) -> UInt32? {
        let number = slots[slot(of: name)]
        return number == 0 ? nil : number
    }

    mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 {
        let slot = slot(of: name)
        if slots[slot] != 0 { return slots[slot] }
        let number = UInt32(count)
        slots[slot] = number
        bytes.append(contentsOf: name)
        // 2^24 names of at most 255 bytes stay below 2^32.
        starts.append(UInt32(bytes.count))
        if count * 2 > slots.count { grow() }
        return number
    }

    private func slot(of name: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: NameHash.hash(name, in: 0, seed: Self.seed) >> 20) & mask
        while slots[slot] != 0, !withName(slots[slot], { $0.elementsEqual(name) }) {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for number in 1..<UInt32(count) {
            slots[withName(number) { slot(of: $0) }] = number
        }
    }

    // One for the process: names chosen to collide in this table must be chosen anew each time.
    private static let seed = UInt64.random(in: .min ... .max)
}

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
        var slot = Int(truncatingIfNeeded: NameHash.mix(key ^ Self.seed, Self.factor) >> 20) & mask
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

/// The distinct owners of an index; number 0 is 0:0 without names.
struct OwnerTable {
    struct Owner: Hashable {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var user: [UInt8] = []
        var group: [UInt8] = []
    }

    struct Record {
        var uid, gid, userName, groupName: UInt32
    }

    private(set) var records = [Record(uid: 0, gid: 0, userName: 0, groupName: 0)]
    private var numbers: [Owner: UInt16] = [Owner(): 0]
    private var last = Owner()
    private var lastNumber: UInt16 = 0

    mutating func number(of member: Member, names: inout AuxPool) -> UInt16? {
        if member.uid == last.uid, member.gid == last.gid, member.userName == last.user,
            member.groupName == last.group
        {
            return lastNumber
        }
        last = Owner(
            uid: member.uid,
            gid: member.gid,
            user: member.userName,
            group: member.groupName
        )
        if let known = numbers[last] {
            lastNumber = known
            return known
        }
        guard records.count < 1 << 16, let user = names.add(name: last.user),
            let group = names.add(name: last.group)
        else {
            last = Owner()
            lastNumber = 0
            return nil
        }
        lastNumber = UInt16(records.count)
        records.append(
            Record(uid: last.uid, gid: last.gid, userName: user, groupName: group)
        )
        numbers[last] = lastNumber
        return lastNumber
    }
}

/// What few files have: link targets, attributes, runs, devices; and owners' names.
struct AuxPool {
    // The first eight bytes are no record: offset 0 stands for none.
    private(set) var bytes = [UInt8](repeating: 0, count: 8)

    /// Adds what a member has; returns its place in eights of bytes, 0 for nothing, nil when full.
    mutating func add(_ member: Member) -> UInt32? {
        let start = bytes.count / 8
        var last: Int?
        if member.type == .symlink { open(.linkTarget, &last) { $0 += member.linkTarget } }
        if !member.attributes.isEmpty {
            open(.attributes, &last) { bytes in
                for attribute in member.attributes {
                    bytes.append(littleEndian: UInt32(attribute.name.count))
                    bytes.append(littleEndian: UInt32(attribute.value.count))
                    bytes += attribute.name
                    bytes += attribute.value
                }
            }
        }
        if let segments = member.segments {
            open(.sparse, &last) { bytes in
                var stored: UInt64 = 0
                for segment in segments {
                    bytes.append(littleEndian: segment.offset)
                    bytes.append(littleEndian: segment.length)
                    bytes.append(littleEndian: stored)
                    stored += segment.length
                }
            }
        }
        if member.type == .characterDevice || member.type == .blockDevice {
            open(.device, &last) { $0.append(littleEndian: member.device) }
        }
        if last == nil { return 0 }
        return bytes.count / 8 < 1 << 32 ? UInt32(start) : nil
    }

    /// Adds an owner's name; returns its place as offset[3] length[1], nil when it does not fit.
    mutating func add(name: [UInt8]) -> UInt32? {
        if name.isEmpty { return 0 }
        guard name.count <= 255, bytes.count < 1 << 24 else { return nil }
        let place = UInt32(bytes.count) | UInt32(name.count) << 24
        bytes += name
        pad()
        return place
    }

    private mutating func open(
        _ kind: IndexLayout.Aux,
        _ last: inout Int?,
        _ body: (inout [UInt8]) -> Void
    ) {
        // The high bit of the kind before says that another follows.
        if let last { bytes[last + 3] |= 0x80 }
        let start = bytes.count
        last = start
        bytes.append(littleEndian: kind.rawValue)
        bytes.append(littleEndian: UInt32(0))
        body(&bytes)
        let length = UInt32(bytes.count - start - 8)
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length.littleEndian, toByteOffset: start + 4, as: UInt32.self)
        }
        pad()
    }

    private mutating func pad() {
        while bytes.count % 8 != 0 { bytes.append(0) }
    }
}

extension [UInt8] {
    /// As `withUnsafeBytes`, which throws any error.
    func withBytes<R>(
        _ body: (UnsafeRawBufferPointer) throws(FileError) -> R
    ) throws(FileError) -> R {
        try span.bytes.withUnsafeBytes(body)
    }

    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
