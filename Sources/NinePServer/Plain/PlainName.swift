import FileTree

/// Names as plain 9P2000 clients can take them.
///
/// Plan 9 fails a whole directory for one name with a byte below 0x20 or 0x7f in it. Those bytes
/// are shown as `%XX`, and so is a `%` that two hexadecimal digits follow, so that every spelling
/// stands for one name.
enum PlainName {
    /// Whether a name is shown as it is, and means itself when it is given.
    static func isOrdinary(_ name: UnsafeRawBufferPointer) -> Bool {
        for byte in name where byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "%") {
            return false
        }
        return true
    }

    /// Whether a name is shown as it is.
    static func isPlain(_ name: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<name.count where mustEscape(name, index) { return false }
        return true
    }

    /// The name as it is shown, at most three times as long.
    static func escape(_ name: UnsafeRawBufferPointer) -> [UInt8] {
        var shown: [UInt8] = []
        for index in 0..<name.count {
            if mustEscape(name, index) {
                shown += PathText.escape(name[index])
            } else {
                shown.append(name[index])
            }
        }
        return shown
    }

    /// The name that is meant by one that a client gave; nil when no name is shown so.
    static func unescape(_ shown: UnsafeRawBufferPointer) -> [UInt8]? {
        let name = PathText.unescape(shown)
        let isShownSo = name.withUnsafeBytes { escape($0).elementsEqual(shown) }
        return isShownSo ? name : nil
    }

    private static func mustEscape(_ name: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        let byte = name[index]
        if byte < 0x20 || byte == 0x7f { return true }
        return PathText.escaped(name, index) != nil
    }
}
