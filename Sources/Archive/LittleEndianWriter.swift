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
