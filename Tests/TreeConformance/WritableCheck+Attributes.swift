import FileTree

/// What a file is besides its bytes.
extension WritableCheck {
    func devices() throws(FileError) {
        guard givesAway else { return }
        let kinds: [(String, FileType, UInt64)] = [
            ("p", .fifo, 0), ("s", .socket, 0),
            ("c", .characterDevice, DeviceNumber.join(major: 1, minor: 3)),
            ("b", .blockDevice, DeviceNumber.join(major: 300, minor: 70000)),
        ]
        for (name, type, device) in kinds {
            let node = try place.createNode(
                bytes(name).span.bytes,
                type: type,
                device: device,
                attributes
            )
            let stat = try look(name).stat()
            expect(stat.mode == Mode(type, 0o644), "the mode of a \(type)")
            expect(stat.device == device, "the number of a \(type)")
            expect(stat.qid.path == node.qid.path, "a new \(type) is found as another")
            expect(node.file == nil && node.directory == nil && node.link == nil, "a \(type)")
            expect(.exists, "a name made twice") { () throws(FileError) in
                _ = try place.createNode(
                    bytes(name).span.bytes,
                    type: type,
                    device: 0,
                    attributes
                )
            }
        }
        var listed: [FileType] = []
        try place.entries(from: 0) { entry, _ in
            listed.append(entry.stat.mode.type)
            return true
        }
        expect(Set(listed) == Set(kinds.map { $0.1 }), "the types that are listed")
        try move("p", to: place, "c")
        expect(try look("c").stat().mode.type == .fifo, "a fifo over a device")
    }

    func owners() throws(FileError) {
        guard givesAway else { return }
        let file = try make("f", "text")
        let directory = try make("d")
        let link = try place.createLink(
            bytes("l").span.bytes,
            to: bytes("f").span.bytes,
            attributes
        )
        let fifo = try place.createNode(
            bytes("p").span.bytes,
            type: .fifo,
            device: 0,
            attributes
        )
        for node: any Node in [file, directory, link, fifo] {
            let type = try node.stat().mode.type
            var change = StatChange()
            change.uid = 4_000_000_000
            change.gid = 4_000_000_001
            try node.change(change, by: user)
            var stat = try node.stat()
            expect(
                stat.uid == 4_000_000_000 && stat.gid == 4_000_000_001,
                "the owners of a \(type)"
            )
            if type == .symlink { continue }
            for permissions: UInt32 in [0, 0o7777, 0o1754, 0o6555] {
                change = StatChange()
                change.permissions = permissions
                try node.change(change, by: user)
                stat = try node.stat()
                expect(stat.mode.permissions == permissions, "the mode of a \(type)")
            }
            change = StatChange()
            change.gid = 5
            try node.change(change, by: user)
            expect(
                try node.stat().mode.permissions == (type == .directory ? 0o6555 : 0o555),
                "set-id bits of a \(type) after a change of its group"
            )
        }
        expect(try look("f").stat().uid == 4_000_000_000, "a link's owner is not its target's")
    }

    func extended() throws(FileError) {
        let file = try make("f", "text")
        let directory = try make("d")
        let one = bytes("user.one")
        let two = bytes("user.two")
        let long = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        for node: any Node in [file, directory] {
            expect(.noAttribute, "an attribute that was never set") { () throws(FileError) in
                _ = try node.attribute(one.span.bytes)
            }
            expect(.noAttribute, "an attribute that was never set, removed") {
                () throws(FileError) in try node.setAttribute(one.span.bytes, to: nil)
            }
            try node.setAttribute(two.span.bytes, to: long)
            try node.setAttribute(one.span.bytes, to: [])
            expect(try node.attribute(one.span.bytes) == [], "an attribute of no bytes")
            expect(try node.attribute(two.span.bytes) == long, "an attribute of 3,000 bytes")
            let names = Set(try node.attributeNames().split(separator: 0).map { Array($0) })
            expect(names == [one, two], "the names of two attributes")
            try node.setAttribute(two.span.bytes, to: [0, 255])
            expect(try node.attribute(two.span.bytes) == [0, 255], "an attribute set again")
        }
        try place.addName(bytes("g").span.bytes, for: file)
        try move("f", to: directory, "h")
        expect(try look("g").attribute(two.span.bytes) == [0, 255], "another name's attribute")
        let moved = try directory.lookup(bytes("h").span.bytes)
        expect(try moved.attribute(two.span.bytes) == [0, 255], "an attribute after a rename")
        try moved.setAttribute(two.span.bytes, to: nil)
        expect(.noAttribute, "an attribute removed by another name") { () throws(FileError) in
            _ = try look("g").attribute(two.span.bytes)
        }
    }

    /// Which times each change moves on: all are set to a moment long ago before it.
    func times() throws(FileError) {
        let file = try make("f", "text")
        let directory = try make("d")
        let open = try file.open([.read, .write])
        let changes: [(String, moves: String, () throws(FileError) -> Void)] = [
            ("create", "p", { () throws(FileError) in _ = try self.make("new", "") }),
            ("mkdir", "p", { () throws(FileError) in _ = try self.make("sub") }),
            (
                "remove", "p",
                { () throws(FileError) in
                    try self.place.remove(self.bytes("new").span.bytes, expected: .file)
                }
            ),
            ("rename", "p", { () throws(FileError) in try self.move("f", to: self.place, "g") }),
            ("away", "pd", { () throws(FileError) in try self.move("g", to: directory, "f") }),
            (
                "link", "p",
                { () throws(FileError) in
                    try self.place.addName(self.bytes("f").span.bytes, for: file)
                }
            ),
            (
                "write", "f",
                { () throws(FileError) in try open.write(self.bytes("x").span.bytes, at: 0) }
            ),
            ("cut", "f", { () throws(FileError) in try self.cut(file, 2) }),
            ("cut to the same", "f", { () throws(FileError) in try self.cut(file, 2) }),
            (
                "truncate", "f",
                { () throws(FileError) in _ = try file.open([.write, .truncate]) }
            ),
            (
                "chmod", "",
                { () throws(FileError) in
                    var change = StatChange()
                    change.permissions = 0o600
                    try file.change(change, by: self.user)
                }
            ),
            ("open", "", { () throws(FileError) in _ = try file.open([.read, .write]) }),
            (
                "attribute", "",
                { () throws(FileError) in
                    try file.setAttribute(self.bytes("user.x").span.bytes, to: [1])
                }
            ),
        ]
        var change = StatChange()
        let past = Timestamp(seconds: 5)
        change.modified = .at(past)
        for (name, moves, body) in changes {
            for node: any Node in [place, directory, file] { try node.change(change, by: user) }
            try body()
            let moved: [(Character, any Node)] = [("p", place), ("d", directory), ("f", file)]
            for (letter, node) in moved {
                expect(
                    try (node.stat().modified != past) == moves.contains(letter),
                    "\(name) and the modification time of \(letter)"
                )
            }
        }
    }

    func givenTimes() throws(FileError) {
        let file = try make("f", "text")
        let directory = try make("d")
        let link = try place.createLink(
            bytes("l").span.bytes,
            to: bytes("f").span.bytes,
            attributes
        )
        for node: any Node in [file, directory, link] {
            for seconds: Int64 in [0, 1, 0x7fff_ffff, 0x8000_0000, 0x1_0000_0005] {
                var change = StatChange()
                let time = Timestamp(seconds: seconds, nanoseconds: 123_456_789)
                change.modified = .at(time)
                change.accessed = .at(Timestamp(seconds: 42))
                try node.change(change, by: user)
                let stat = try node.stat()
                expect(stat.modified.seconds == seconds, "the time \(seconds)")
                expect(stat.accessed.seconds == 42, "the time of access")
                if hasNanoseconds { expect(stat.modified == time, "nanoseconds") }
            }
            var change = StatChange()
            change.accessed = .now
            try node.change(change, by: user)
            let stat = try node.stat()
            expect(stat.accessed.seconds != 42, "the time of access set to now")
            expect(stat.modified.seconds == 0x1_0000_0005, "a time that was not set")
        }
        // A time set while the file is open for writing stays.
        let open = try file.open(.write)
        try open.write(bytes("x").span.bytes, at: 0)
        var change = StatChange()
        change.modified = .at(Timestamp(seconds: 77))
        try file.change(change, by: user)
        try open.sync()
        expect(try file.stat().modified.seconds == 77, "a time set after a write")
    }
}
