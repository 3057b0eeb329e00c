import FileTree

/// Bytes, names, and files that have lost theirs.
extension WritableCheck {
    func sparse() throws(FileError) {
        let file = try make("f", "")
        let open = try file.open([.read, .write])
        // On both sides of what a tree may keep by blocks.
        for offset: UInt64 in [1, 65535, 65536, 131_072, 1_000_001] {
            try cut(file, 0)
            try open.write(bytes("x").span.bytes, at: offset)
            expect(try file.stat().size == offset + 1, "the size with a hole of \(offset)")
            let whole = try TreeText.bytes(file)
            expect(
                whole.dropLast().allSatisfy { $0 == 0 } && whole.last == UInt8(ascii: "x")
                    && whole.count == Int(offset) + 1,
                "a hole of \(offset)"
            )
            try cut(file, offset)
            try cut(file, offset + 1)
            expect(try TreeText.bytes(file).last == 0, "what was cut at \(offset) shows again")
        }
        try cut(file, 0)
        let pattern = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 4) }
        try open.write(pattern.span.bytes, at: 0)
        try cut(file, 200_000)
        try open.write(bytes("end").span.bytes, at: 300_000)
        let expected = pattern[..<200_000] + [UInt8](repeating: 0, count: 100_000) + bytes("end")
        expect(try TreeText.bytes(file) == Array(expected), "a hole between two pieces")
    }

    func unnamed() throws(FileError) {
        guard givesAway else { return }
        let file = try make("f", "text")
        let open = try file.open([.read, .write])
        try place.remove(bytes("f").span.bytes, expected: .file)
        expect(try file.stat().links == 0, "a file without a name has links")
        try open.write(bytes("more text").span.bytes, at: 2)
        expect(try text(open) == "temore text", "a write without a name")
        try cut(file, 3)
        expect(try file.stat().size == 3, "a cut without a name")
        var change = StatChange()
        change.permissions = 0o600
        change.uid = 7
        change.modified = .at(Timestamp(seconds: 77))
        try file.change(change, by: user)
        let stat = try file.stat()
        expect(stat.mode.permissions == 0o600 && stat.uid == 7, "attributes without a name")
        expect(stat.modified.seconds == 77, "a time without a name")
        let other = try make("f", "another")
        expect(other.qid.path != file.qid.path, "two files with one qid")
        try open.write(bytes("T").span.bytes, at: 0)
        expect(try text(other) == "another", "a write to a file that has lost its name")
        expect(try text(open) == "Tem", "the bytes of a file without a name")

        let directory = try make("d")
        try place.remove(bytes("d").span.bytes, expected: .directory)
        expect(.notFound, "a name made in a removed directory") { () throws(FileError) in
            _ = try directory.createFile(bytes("f").span.bytes, attributes)
        }
        expect(.notFound, "a directory made in a removed directory") { () throws(FileError) in
            _ = try directory.createDirectory(bytes("f").span.bytes, attributes)
        }
        expect(try TreeText.names(directory) == [], "names of a removed directory")
    }

    func replace() throws(FileError) {
        _ = try make("a", "a")
        let over = try make("b", "b")
        let open = try over.open([.read, .write])
        expect(.exists, "a rename that may not replace") { () throws(FileError) in
            try place.rename(
                bytes("a").span.bytes,
                to: place,
                bytes("b").span.bytes,
                replacing: false
            )
        }
        try move("a", to: place, "b")
        expect(try text(open) == "b", "the bytes of a file that was replaced")
        if givesAway {
            expect(try over.stat().links == 0, "a file that was replaced has links")
        }
        expect(try text(look("b")) == "a", "a file in another's place")
        try place.addName(bytes("c").span.bytes, for: look("b"))
        try move("b", to: place, "c")
        expect(try look("b").stat().links == 2, "a rename onto another name of the same file")
        let directory = try make("d")
        let deep = try directory.createDirectory(bytes("deep").span.bytes, attributes)
        let inner = try deep.createFile(bytes("f").span.bytes, attributes)
        let full = try make("full")
        _ = try full.createFile(bytes("f").span.bytes, attributes)
        expect(.notEmpty, "a directory over a full one") { () throws(FileError) in
            try move("d", to: place, "full")
        }
        try move("d", to: full, "moved")
        let moved = try full.lookup(bytes("moved").span.bytes).directory
        let found = try moved?.lookup(bytes("deep").span.bytes).directory?
            .lookup(bytes("f").span.bytes)
        expect(found?.qid.path == inner.qid.path, "a file below a directory that was moved")
        expect(.notFound, "the old name of a directory") { () throws(FileError) in
            _ = try look("d")
        }
        _ = try place.createLink(bytes("l").span.bytes, to: bytes("b").span.bytes, attributes)
        try move("l", to: place, "b")
        expect(try look("b").link != nil, "a link over a file")
        expect(try text(look("c")) == "a", "the file's other name")
        expect(.notFound, "a rename of nothing") { () throws(FileError) in
            try move("none", to: place, "x")
        }
    }

    func group() throws(FileError) {
        let file = try make("a", "text")
        let directory = try make("d")
        try place.addName(bytes("b").span.bytes, for: file)
        try directory.addName(bytes("c").span.bytes, for: look("b"))
        let third = try directory.lookup(bytes("c").span.bytes)
        expect(try file.stat().links == 3, "three names by the first")
        expect(try third.stat().links == 3, "three names by the third")
        var change = StatChange()
        change.permissions = 0o640
        if givesAway { change.gid = 9 }
        try third.change(change, by: user)
        let stat = try look("a").stat()
        expect(
            stat.mode.permissions == 0o640 && stat.gid == (givesAway ? 9 : 0),
            "a change by another name"
        )
        try cut(look("b"), 1)
        expect(try text(third) == "t", "a cut by another name")
        expect(.exists, "a name that is taken") { () throws(FileError) in
            try place.addName(bytes("b").span.bytes, for: file)
        }
        expect(.notPermitted, "a second name for a directory") { () throws(FileError) in
            try place.addName(bytes("e").span.bytes, for: directory)
        }
        _ = try make("over", "")
        try move("over", to: directory, "c")
        expect(try look("a").stat().links == 2, "one of three names was replaced")
        try place.remove(bytes("a").span.bytes, expected: .file)
        expect(try text(look("b")) == "t", "the bytes by the last name")
        expect(try look("b").stat().links == 1, "the last name")
        let link = try place.createLink(
            bytes("l").span.bytes,
            to: bytes("x").span.bytes,
            attributes
        )
        try place.addName(bytes("m").span.bytes, for: link)
        expect(try look("m").stat().links == 2, "two names of a link")
        expect(try look("m").link?.target() == bytes("x"), "a link's second name")
    }

    func listing() throws(FileError) {
        for number in 0..<200 { _ = try make("file-\(number)", "") }
        var seen: [[UInt8]] = []
        var cookie: UInt64 = 0
        while true {
            let start = cookie
            var found: [UInt8]?
            try place.entries(from: start) { entry, name in
                cookie = entry.next
                found = Array(name)
                return false
            }
            guard let name = found else { break }
            seen.append(name)
            try place.remove(name.span.bytes, expected: .file)
        }
        expect(Set(seen).count == 200, "\(seen.count) of 200 names listed while they go")
        expect(try TreeText.names(place) == [], "names are left")
        for name in ["a b", "\u{1}\n", "%41", "é", "...", "\u{7f}", "-"] {
            _ = try make(name, "")
            expect(try look(name).stat().size == 0, "the name \(name.debugDescription)")
        }
        let odd: [UInt8] = [0xff, 0xfe]
        _ = try place.createFile(odd.span.bytes, attributes)
        expect(try TreeText.names(place).contains(odd), "a name that is not UTF-8")
    }

    // MARK: - Shorthands

    func cut(_ node: any Node, _ size: UInt64) throws(FileError) {
        var change = StatChange()
        change.size = size
        try node.change(change, by: user)
    }

    /// The first bytes of an open file.
    private func text(_ open: any OpenFile) throws(FileError) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        let count = try open.read(into: buffer, at: 0)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
