import Archive
package import FileTree
package import Store

/// How a package is asked for: a file, a content id or its first digits, or a name with a
/// condition on the version.
package enum PackageSpec: Sendable, Hashable {
    /// A file or directory of any form, which is imported.
    case file(String)
    /// The first digits of a content id, all of them perhaps.
    case id(String)
    /// A name, and which versions will do.
    case name(String, Condition)

    /// Which versions will do; of several the latest is taken.
    package enum Condition: Sendable, Hashable {
        case any
        case equal(String)
        case atLeast(String)
        case like(String)
    }

    /// Reads a specification.
    ///
    /// Errors: `.invalid` for what is none.
    package init(_ text: String) throws(FileError) {
        if text.contains("/") || text.hasSuffix(".pak.zst") {
            self = .file(text)
            return
        }
        let operators: [(String, (String) -> Condition)] = [
            ("==", Condition.equal), (">=", Condition.atLeast), ("=", Condition.equal),
            ("~", Condition.like),
        ]
        let mark = text.firstIndex { "=>~".contains($0) } ?? text.endIndex
        let name = String(text[..<mark])
        let rest = text[mark...]
        let isDigits = name.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        if rest.isEmpty, (16...64).contains(name.utf8.count), isDigits {
            self = .id(name)
            return
        }
        guard PackageName.isLegal(name) else { throw FileError(.invalid, "\(text): not a package") }
        if rest.isEmpty {
            self = .name(name, .any)
            return
        }
        guard let (sign, make) = operators.first(where: { rest.hasPrefix($0.0) }),
            rest.utf8.count > sign.utf8.count
        else { throw FileError(.invalid, "\(text): not a condition on a version") }
        self = .name(name, make(String(rest.dropFirst(sign.utf8.count))))
    }

    /// Whether a package is what is asked for.
    package func matches(_ package: StoredPackage) -> Bool {
        switch self {
        case .file: false
        case .id(let digits): "\(package.id)".hasPrefix(digits)
        case .name(let name, let condition):
            package.name == name && condition.admits(package.version)
        }
    }

    /// The one package that is asked for, the latest where several versions will do.
    ///
    /// Errors: `.notFound`; `.conflict` where two packages of one version, or two ids, will do.
    package func choose(_ packages: [StoredPackage], _ text: String) throws(FileError)
        -> StoredPackage
    {
        let found = packages.filter(matches)
        guard let latest = found.max(by: { VersionOrder.precedes($0.version, $1.version) }) else {
            throw FileError(.notFound, "\(text): no package in the stores")
        }
        let equal = found.filter { !VersionOrder.precedes($0.version, latest.version) }
        guard equal.count == 1 else {
            let ids = equal.map { "\("\($0.id)".prefix(16))" }.joined(separator: " ")
            throw FileError(.conflict, "\(text): several packages, name one by its id: \(ids)")
        }
        return latest
    }
}

extension PackageSpec.Condition {
    fileprivate func admits(_ version: String) -> Bool {
        switch self {
        case .any: return true
        case .equal(let wanted): return version == wanted
        case .atLeast(let wanted): return !VersionOrder.precedes(version, wanted)
        case .like(let wanted):
            guard version.hasPrefix(wanted) else { return false }
            // 1.2 is not like 1.20.
            return version.dropFirst(wanted.count).first.map { !$0.isNumber } ?? true
        }
    }
}

/// The order of versions, as Debian has it: numbers by value, `~` before anything, letters before
/// other marks; an epoch before a colon counts first.
package enum VersionOrder {
    /// Whether `a` is earlier.
    package static func precedes(_ a: String, _ b: String) -> Bool {
        let first = split(a)
        let second = split(b)
        if first.epoch != second.epoch { return first.epoch < second.epoch }
        return compare(Array(first.rest), Array(second.rest)) < 0
    }

    private static func split(_ version: String) -> (epoch: Int, rest: Substring.UTF8View) {
        guard let colon = version.utf8.firstIndex(of: UInt8(ascii: ":")),
            let epoch = Int(version[..<colon])
        else {
            return (0, version[...].utf8)
        }
        return (epoch, version[version.index(after: colon)...].utf8)
    }

    private static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var a = a[...]
        var b = b[...]
        while !a.isEmpty || !b.isEmpty {
            while true {
                let (left, right) = (weight(a.first), weight(b.first))
                if left == nil, right == nil { break }
                if left ?? 0 != right ?? 0 { return (left ?? 0) - (right ?? 0) }
                a = a.dropFirst()
                b = b.dropFirst()
            }
            let (left, right) = (digits(&a), digits(&b))
            if left.count != right.count { return left.count - right.count }
            for (x, y) in zip(left, right) where x != y { return Int(x) - Int(y) }
        }
        return 0
    }

    /// What a byte counts between numbers; nil for a digit and the end.
    private static func weight(_ byte: UInt8?) -> Int? {
        guard let byte, !isDigit(byte) else { return nil }
        if byte == UInt8(ascii: "~") { return -1 }
        let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
        return isLetter ? Int(byte) : Int(byte) + 256
    }

    /// The digits in front, without zeros before them.
    private static func digits(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = bytes.prefix(while: isDigit)
        bytes = bytes.dropFirst(digits.count)
        return digits.drop { $0 == UInt8(ascii: "0") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
