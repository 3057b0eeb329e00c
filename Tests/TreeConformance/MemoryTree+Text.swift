public import FileTree

extension MemoryTree {
    /// Makes a tree of the lines of `TreeText`, all fields given.
    ///
    /// Contents may also be `*COUNT:SEED`, that many bytes that look random. Directories need
    /// not be listed.
    public static func make(
        _ text: String,
        capacity: Int = .max,
        clock: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: 1) }
    ) throws(FileError) -> MemoryTree {
        let tree = MemoryTree(capacity: capacity, clock: clock)
        for line in text.split(separator: "\n") {
            do { try tree.add(line.split(separator: " ").map(String.init)) } catch {
                throw error.at(String(line))
            }
        }
        return tree
    }

    private func add(_ words: [String]) throws(FileError) {
        if words.count == 3, words[0] == "h" {
            let (directory, name) = try place(words[1])
            let (target, targetName) = try place(words[2])
            return try directory.addName(
                name.span.bytes,
                for: target.lookup(targetName.span.bytes)
            )
        }
        guard words.count >= 6, let permissions = UInt32(words[1], radix: 8),
            let uid = UInt32(words[2]), let gid = UInt32(words[3])
        else { throw FileError(.invalid) }
        let attributes = NewNode(permissions: permissions, uid: uid, gid: gid)
        let node = try make(words[0], words[5], words.count > 6 ? words[6] : "=", attributes)
        var change = StatChange()
        change.permissions = permissions
        change.modified = .at(Timestamp(seconds: Int64(words[4]) ?? 1))
        try node.change(change, by: User(uid: 0, gid: 0, name: "root", isOwner: true))
    }

    private func make(
        _ type: String,
        _ path: String,
        _ value: String,
        _ attributes: NewNode
    ) throws(FileError) -> any Node {
        if path == "/" { return root }
        let (directory, bytes) = try place(path)
        let name = bytes.span.bytes
        let rest = Self.unescape(String(value.dropFirst()))
        switch type {
        case "f":
            let file = try directory.createFile(name, attributes)
            let contents = value.hasPrefix("*") ? Self.random(value.dropFirst()) : rest
            if !contents.isEmpty { try file.open(.write).write(contents.span.bytes, at: 0) }
            return file
        case "d": return try directory.createDirectory(name, attributes)
        case "l": return try directory.createLink(name, to: rest.span.bytes, attributes)
        case "p":
            return try directory.createNode(name, type: .fifo, device: 0, attributes)
        case "c":
            let numbers = value.split(separator: ":").compactMap { UInt64($0) }
            guard numbers.count == 2 else { throw FileError(.invalid) }
            return try directory.createNode(
                name,
                type: .characterDevice,
                device: numbers[0] << 8 | numbers[1],
                attributes
            )
        default: throw FileError(.invalid)
        }
    }

    /// The directory that a path is in, made where it is missing, and the last name.
    private func place(_ path: String) throws(FileError) -> (any Directory, [UInt8]) {
        var names = path.split(separator: "/").map { Self.unescape(String($0)) }
        guard let last = names.popLast() else { throw FileError(.invalid) }
        var directory = root
        for name in names {
            let next: any Node
            do {
                next = try directory.lookup(name.span.bytes)
            } catch {
                guard error.kind == .notFound else { throw error }
                next = try directory.createDirectory(
                    name.span.bytes,
                    NewNode(permissions: 0o755, uid: 0, gid: 0)
                )
            }
            guard let below = next.directory else { throw FileError(.notDirectory) }
            directory = below
        }
        return (directory, last)
    }

    private static func random(_ countAndSeed: Substring) -> [UInt8] {
        let numbers = countAndSeed.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return [] }
        var state = numbers[1] &* 0x9e37_79b9_7f4a_7c15 | 1
        // Eight at a time: the tests are built without optimization, and files have megabytes.
        let words = (0..<(numbers[0] + 7) / 8).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
        return words.withUnsafeBytes { Array($0[..<Int(numbers[0])]) }
    }

    /// The bytes that `TreeText.escape` shows.
    public static func unescape(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(
                    String(decoding: bytes[index + 1...index + 2], as: UTF8.self),
                    radix: 16
                )
            {
                result.append(byte)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
