import FileTree

/// How much more a stream may hold than it takes: a thousandfold, once it is past a megabyte.
enum Growth {
    static let limit: UInt64 = 1000
    static let free: UInt64 = 1 << 20

    static func check(_ size: UInt64, from taken: UInt64) throws(FileError) {
        if size > free, size / limit > taken {
            throw FileError.malformed("grows more than \(limit) times when it is unpacked")
        }
    }
}
