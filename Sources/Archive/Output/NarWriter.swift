import FileTree

/// Writes a nar, object by object.
struct NarWriter: ~Copyable {
    private let draft: Draft
    private let order: NarOrder
    private var output: HashedOutput
    private let buffer = CopyBuffer()

    init(_ draft: Draft, _ order: NarOrder, _ descriptor: Int32) {
        self.draft = draft
        self.order = order
        output = HashedOutput(descriptor)
    }

    /// Writes all of it; returns its SHA-256.
    mutating func write() throws(FileError) -> ContentID {
        try words("nix-archive-1", "(", "type", "directory")
        var open: [[UInt8]] = []
        for (path, number) in order.nodes {
            let start = MemberPath.nameStart(path)
            while let last = open.last, !Self.isIn(path, start, last) {
                open.removeLast()
                try words(")", ")")
            }
            try words("entry", "(", "name")
            try word(path[start...])
            try words("node", "(", "type")
            if let number = try file(number) {
                try write(number)
                try words(")", ")")
            } else {
                try words("directory")
                open.append(path)
            }
        }
        for _ in open { try words(")", ")") }
        try words(")")
        return try output.finish()
    }

    /// Whether a path, whose name starts at `start`, is right below a directory.
    private static func isIn(_ path: [UInt8], _ start: Int, _ directory: [UInt8]) -> Bool {
        start == directory.count + 1 && path.starts(with: directory)
    }

    /// The file or link that a member stands for; nil for a directory.
    private func file(_ number: Int?) throws(FileError) -> Int? {
        guard let number else { return nil }
        let member = draft.members[number]
        guard let target = member.hardLink else {
            return member.type == .directory ? nil : number
        }
        guard let first = order.files[target] else {
            throw FileError(.invalid, "\(member.displayPath): a link to nothing")
        }
        return first
    }

    private mutating func write(_ number: Int) throws(FileError) {
        let member = draft.members[number]
        if member.type == .symlink {
            try words("symlink", "target")
            return try word(member.linkTarget)
        }
        try words("regular")
        if member.permissions & 0o100 != 0 { try words("executable", "") }
        try words("contents")
        try length(member.size)
        let draft = draft
        try draft.showAll(number, by: buffer.bytes) { bytes throws(FileError) in
            try output.append(bytes)
        }
        try pad(Int(member.size % 8))
    }

    private mutating func words(_ texts: StaticString...) throws(FileError) {
        for text in texts {
            let bytes = UnsafeRawBufferPointer(
                start: text.utf8Start,
                count: text.utf8CodeUnitCount
            )
            try length(UInt64(bytes.count))
            try output.append(bytes)
            try pad(bytes.count % 8)
        }
    }

    private mutating func word(_ bytes: some Collection<UInt8>) throws(FileError) {
        try length(UInt64(bytes.count))
        try output.append(bytes)
        try pad(bytes.count % 8)
    }

    private mutating func length(_ value: UInt64) throws(FileError) {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        try output.append(bytes)
    }

    private mutating func pad(_ rest: Int) throws(FileError) {
        if rest > 0 { try output.append(zeros: 8 - rest) }
    }
}
