public import FileTree

/// What may be the path of a member.
public enum MemberPath {
    /// The longest path, in bytes.
    public static var limit: Int { 4096 }
    /// The most components.
    public static var depthLimit: Int { 256 }

    /// The path with `.` components, doubled and trailing slashes taken out.
    ///
    /// Errors: `.malformed` for an absolute path, a `..`, a NUL, a name of more than 255 bytes, a
    /// path of more than 4,096 bytes or 256 components.
    public static func normalize(_ path: some Collection<UInt8>) throws(FileError) -> [UInt8] {
        var result: [UInt8] = []
        try normalize(path, into: &result)
        return result
    }

    static func normalize(
        _ path: some Collection<UInt8>,
        into result: inout [UInt8]
    ) throws(FileError) {
        result.removeAll(keepingCapacity: true)
        guard path.first != UInt8(ascii: "/") else { throw refused(path, "is absolute") }
        result.reserveCapacity(path.count)
        var depth = 0
        var start = 0
        func endComponent(_ result: inout [UInt8]) throws(FileError) {
            let length = result.count - start
            if length == 0 { return }
            if result[start] == UInt8(ascii: "."), length <= 2 {
                if length == 1 {
                    result.removeLast()
                    return
                }
                if result[start + 1] == UInt8(ascii: ".") { throw refused(path, "has ..") }
            }
            guard length <= FileName.limit else {
                throw refused(path, "has a name of more than 255 bytes")
            }
            depth += 1
            guard depth <= depthLimit else { throw refused(path, "is more than 256 deep") }
            result.append(UInt8(ascii: "/"))
            start = result.count
        }
        for byte in path {
            if byte == UInt8(ascii: "/") {
                try endComponent(&result)
            } else {
                guard byte != 0 else { throw refused(path, "has a NUL") }
                result.append(byte)
            }
        }
        try endComponent(&result)
        if result.last == UInt8(ascii: "/") { result.removeLast() }
        guard result.count <= limit else { throw refused(path, "is longer than 4,096 bytes") }
    }

    /// Whether a path is below `.pak`, where packages keep what is about themselves.
    public static func isPrivate(_ path: some Collection<UInt8>) -> Bool {
        path.starts(with: ".pak".utf8)
            && (path.count == 4 || path.dropFirst(4).first == UInt8(ascii: "/"))
    }

    /// Where the last name of a path starts.
    public static func nameStart(_ path: [UInt8]) -> Int {
        path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    }

    /// Whether `a` comes before `b` in the canonical tar: by bytes.
    public static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.lexicographicallyPrecedes(b)
    }

    private static func refused(_ path: some Collection<UInt8>, _ reason: String) -> FileError {
        .malformed("\(PathText.display(path)): the path \(reason)")
    }
}
