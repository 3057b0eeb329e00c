public import Glibc

extension Index {
    /// Finds the entry called `name` in the directory `directory`, an entry; nil if there is none.
    ///
    /// Allocates nothing; one probe of the table, most often.
    @inlinable
    public func lookup(_ directory: UInt32, _ name: UnsafeRawBufferPointer) -> UInt32? {
        guard slotCount > 0, name.count > 0 else { return nil }
        let hash = SlotHash.hash(name, in: directory, seed: seed)
        let tag = UInt32(truncatingIfNeeded: hash & 0xff)
        var slot = SlotHash.slot(hash, of: slotCount)
        for _ in 0..<IndexLayout.probeLimit {
            let found = load32(slots, Int(slot) * 4)
            let entry = found & 0xff_ffff
            if entry == 0 { return nil }
            if found >> 24 == tag, names(entry, name, in: directory) { return entry }
            slot += 1
            if slot == slotCount { slot = 0 }
        }
        return nil
    }

    @inlinable
    func names(
        _ entry: UInt32,
        _ name: UnsafeRawBufferPointer,
        in directory: UInt32
    ) -> Bool {
        guard entry < entryCount else { return false }
        let at = Int(entry) * IndexLayout.entrySize
        let offset = Int(load32(entries, at))
        let length = Int(load32(entries, at + 4) & 0xffff)
        guard length == name.count, load32(entries, at + 12) == directory,
            offset <= names.count, length <= names.count - offset,
            let a = names.baseAddress, let b = name.baseAddress
        else { return false }
        return memcmp(a + offset, b, length) == 0
    }

    /// Finds the entry of a path of components parted by `/`; nil if there is none.
    ///
    /// The empty path is the root. For tests and reports: a server walks name by name.
    public func entry(atPath path: some Sequence<UInt8>) -> UInt32? {
        var entry: UInt32 = 0
        for component in Array(path).split(separator: UInt8(ascii: "/")) {
            let next = component.withUnsafeBytes { lookup(entry, $0) }
            guard let next else { return nil }
            entry = next
        }
        return entry
    }

    /// The path of an entry, its components parted by `/`; empty for the root.
    public func path(_ entry: UInt32) -> [UInt8] {
        var components: [UnsafeRawBufferPointer] = []
        var entry = entry
        while entry != 0, entry < entryCount {
            components.append(name(entry))
            entry = parent(entry)
        }
        return Array(components.reversed().joined(separator: [UInt8(ascii: "/")]))
    }
}

/// The hash by which the lookup table of an index is keyed.
///
/// Part of the format: eight bytes a step, multiplied to 128 bits and folded.
@usableFromInline
enum SlotHash {
    @inlinable
    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inlinable
    static func hash(_ name: UnsafeRawBufferPointer, in directory: UInt32, seed: UInt64) -> UInt64 {
        let key: UInt64 = 0x9e37_79b9_7f4a_7c15
        var hash = mix(seed ^ (UInt64(directory) &+ 1), key)
        let count = name.count
        var at = 0
        while count - at >= 8 {
            let word = UInt64(
                littleEndian: name.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            )
            hash = mix(hash ^ word, key) &+ word
            at += 8
        }
        if count > at {
            var word: UInt64 = 0
            var shift: UInt64 = 0
            while at < count {
                word |= UInt64(name[at]) << shift
                shift += 8
                at += 1
            }
            hash = mix(hash ^ word, key) &+ word
        }
        return mix(hash ^ UInt64(count), 0xd6e8_feb8_6659_fd93)
    }

    /// The slot at which a search starts: the high half of the hash, scaled to the table.
    @inlinable
    static func slot(_ hash: UInt64, of count: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: ((hash >> 32) &* UInt64(count)) >> 32)
    }
}
