/// A pattern of paths, in which `*` and `?` stand for bytes of one name, `**` for bytes of several.
///
/// `[a-z]` and `[!a-z]` stand for one byte, all other bytes for themselves.
public struct Glob: Sendable, Hashable {
    private let pattern: [UInt8]

    /// Makes a pattern; a leading `/` means nothing.
    public init(_ pattern: [UInt8]) {
        self.pattern = Array(pattern.drop { $0 == UInt8(ascii: "/") })
    }

    /// Whether the whole of `path` is covered.
    public func matches(_ path: [UInt8]) -> Bool { matches(path.span) }

    /// Whether the whole of `path` is covered.
    public func matches(_ path: Span<UInt8>) -> Bool {
        // The last star can take one byte more whenever the rest does not fit; an earlier one
        // never has to be tried again, unless the last is a plain one that met a "/".
        var star: (pattern: Int, path: Int)?
        var wide: (pattern: Int, path: Int)?
        var at = 0
        var place = 0
        while place < path.count || at < pattern.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                if at + 1 < pattern.count, pattern[at + 1] == UInt8(ascii: "*") {
                    at += 2
                    wide = (at, place)
                    star = nil
                } else {
                    at += 1
                    star = (at, place)
                }
                continue
            }
            if place < path.count, let next = step(at, path[place]) {
                at = next
                place += 1
                continue
            }
            if let last = star, last.path < path.count, path[last.path] != UInt8(ascii: "/") {
                star = (last.pattern, last.path + 1)
                (at, place) = (last.pattern, last.path + 1)
            } else if let last = wide, last.path < path.count {
                star = nil
                wide = (last.pattern, last.path + 1)
                (at, place) = (last.pattern, last.path + 1)
            } else {
                return false
            }
        }
        return true
    }

    /// The place behind the element at `at` if it covers `byte`.
    private func step(_ at: Int, _ byte: UInt8) -> Int? {
        guard at < pattern.count else { return nil }
        switch pattern[at] {
        case UInt8(ascii: "?"):
            return byte == UInt8(ascii: "/") ? nil : at + 1
        case UInt8(ascii: "["):
            guard let (end, covered) = set(at, byte) else {
                return byte == UInt8(ascii: "[") ? at + 1 : nil
            }
            return covered ? end : nil
        case let literal:
            return literal == byte ? at + 1 : nil
        }
    }

    /// The place behind the set that starts at `at`, and whether it holds `byte`; nil when it
    /// has no end, and so is a plain "[".
    private func set(_ at: Int, _ byte: UInt8) -> (end: Int, covered: Bool)? {
        var place = at + 1
        let negated = place < pattern.count && pattern[place] == UInt8(ascii: "!")
        if negated { place += 1 }
        let first = place
        var found = false
        while place < pattern.count {
            if pattern[place] == UInt8(ascii: "]"), place > first {
                return (place + 1, found != negated && byte != UInt8(ascii: "/"))
            }
            if place + 2 < pattern.count, pattern[place + 1] == UInt8(ascii: "-"),
                pattern[place + 2] != UInt8(ascii: "]")
            {
                if pattern[place] <= byte, byte <= pattern[place + 2] { found = true }
                place += 3
            } else {
                if pattern[place] == byte { found = true }
                place += 1
            }
        }
        return nil
    }
}
