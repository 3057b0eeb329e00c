import FileTree
import Glibc

/// The files of a package to be made, by their final paths, whatever order they came in.
///
/// A file is apart from its names: hard links are names of one file, and a name that comes twice
/// stands for what came last.
struct MemberTable {
    /// A file, and where its stored bytes start in whatever holds the contents.
    struct File {
        var member: Member
        var place: UInt64
    }

    /// A name and the number of its file.
    private struct Name {
        var path: [UInt8]
        var file: Int
    }

    /// The most members, of any package.
    static let limit = 1 << 24

    private(set) var files: [File] = []
    private var names: [[UInt8]: Int] = [:]
    /// Names that came more than once, directories aside, in the order in which they came again.
    private(set) var replaced: [[UInt8]] = []

    /// How many names there are.
    var count: Int { names.count }

    /// All paths, in no order.
    var paths: some Collection<[UInt8]> { names.keys }

    /// Adds a file under the path of `member`, which is normal; the root is left out.
    ///
    /// Errors: `.malformed` with the path, for what no package may hold.
    mutating func add(_ member: Member, at place: UInt64) throws(FileError) {
        if member.path.isEmpty {
            guard member.type == .directory else { throw refusal(member.path, "an empty name") }
            return
        }
        if member.type == .symlink {
            guard (1...4095).contains(member.linkTarget.count), !member.linkTarget.contains(0)
            else { throw refusal(member.path, "a link to a path that is empty or too long") }
        }
        guard PackedTime.seconds.contains(member.modified.seconds) else {
            throw refusal(member.path, "a time out of range")
        }
        try name(member.path, files.count, isDirectory: member.type == .directory)
        files.append(File(member: member, place: place))
    }

    /// Gives the file called `target` another name.
    mutating func link(_ path: [UInt8], to target: [UInt8]) throws(FileError) {
        guard let file = names[target] else {
            throw refusal(path, "a hard link before its target \(PathText.display(target))")
        }
        guard files[file].member.type != .directory else {
            throw refusal(path, "a hard link to a directory")
        }
        if path != target { try name(path, file, isDirectory: false) }
    }

    /// The file called `path`; nil where there is none.
    func file(_ path: [UInt8]) -> File? { names[path].map { files[$0] } }

    /// Changes the file called `path`, where there is one.
    mutating func change(_ path: [UInt8], _ body: (inout File) -> Void) {
        if let file = names[path] { body(&files[file]) }
    }

    /// Takes a name out.
    mutating func remove(_ path: [UInt8]) { names[path] = nil }

    /// Shows every name as the member that the canonical tar has for it, in the order of the
    /// paths' bytes: a file's first name, `isFirst`, is followed by its bytes, further ones are
    /// links to it.
    ///
    /// No member is later than `latestTime`, in seconds since the epoch. Errors: `.malformed` for
    /// a name below one that is no directory.
    func forEachInOrder(
        latestTime: Int64?,
        _ body: (_ file: File, _ isFirst: Bool) throws(FileError) -> Void
    ) throws(FileError) {
        let names = try sorted()
        var firstNames = [Int32](repeating: -1, count: files.count)
        for (number, name) in names.enumerated() {
            var file = files[name.file]
            file.member.path = name.path
            if let latestTime, file.member.modified.seconds >= latestTime {
                file.member.modified = Timestamp(seconds: latestTime)
            }
            let first = Int(firstNames[name.file])
            if first >= 0 { file.member.hardLink = names[first].path }
            if first < 0 { firstNames[name.file] = Int32(number) }
            try body(file, first < 0)
        }
    }

    private func sorted() throws(FileError) -> [Name] {
        var list = names.map { Name(path: $0.key, file: $0.value) }
        list.sort { $0.path.precedes($1.path) }
        var parent = ArraySlice<UInt8>()
        for name in list {
            guard let slash = name.path.lastIndex(of: UInt8(ascii: "/")) else { continue }
            if name.path[..<slash].elementsEqual(parent) { continue }
            parent = name.path[..<slash]
            try checkFolders(above: name.path, from: slash)
        }
        return list
    }

    private func checkFolders(above path: [UInt8], from end: Int) throws(FileError) {
        var folder = Array(path[..<end])
        while true {
            if let file = names[folder], files[file].member.type != .directory {
                throw refusal(path, "below \(PathText.display(folder)), which is no directory")
            }
            guard let slash = folder.lastIndex(of: UInt8(ascii: "/")) else { return }
            folder.removeSubrange(slash...)
        }
    }

    private mutating func name(
        _ path: [UInt8],
        _ file: Int,
        isDirectory: Bool
    ) throws(FileError) {
        if MemberPath.isPrivate(path) { throw refusal(path, ".pak is for packages themselves") }
        guard names.count < Self.limit else {
            throw refusal(path, "more than \(Self.limit) members")
        }
        if let former = names.updateValue(file, forKey: path),
            !isDirectory || files[former].member.type != .directory
        {
            replaced.append(path)
        }
    }

    private func refusal(_ path: [UInt8], _ reason: String) -> FileError {
        .malformed("\(PathText.display(path)): \(reason)")
    }
}

extension [UInt8] {
    /// Whether these bytes come before the others, byte for byte.
    fileprivate func precedes(_ other: [UInt8]) -> Bool {
        withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                if let x = a.baseAddress, let y = b.baseAddress {
                    let order = memcmp(x, y, Swift.min(a.count, b.count))
                    if order != 0 { return order < 0 }
                }
                return a.count < b.count
            }
        }
    }
}
