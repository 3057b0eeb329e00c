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
                shown += [UInt8(ascii: "%"), digit(name[index] >> 4), digit(name[index] & 15)]
            } else {
                shown.append(name[index])
            }
        }
        return shown
    }

    /// The name that is meant by one that a client gave; nil when no name is shown so.
    static func unescape(_ shown: UnsafeRawBufferPointer) -> [UInt8]? {
        var name: [UInt8] = []
        var index = 0
        while index < shown.count {
            if shown[index] == UInt8(ascii: "%"), index + 2 < shown.count,
                let high = value(shown[index + 1]), let low = value(shown[index + 2])
            {
                name.append(high << 4 | low)
                index += 3
            } else {
                name.append(shown[index])
                index += 1
            }
        }
        let isShownSo = name.withUnsafeBytes { escape($0).elementsEqual(shown) }
        return isShownSo ? name : nil
    }

    private static func mustEscape(_ name: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        let byte = name[index]
        if byte < 0x20 || byte == 0x7f { return true }
        return byte == UInt8(ascii: "%") && index + 2 < name.count
            && value(name[index + 1]) != nil && value(name[index + 2]) != nil
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
