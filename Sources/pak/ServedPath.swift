import ArgumentParser
import FileTree
import NinePClient
import Terminal

/// Paths of a tree that the command line names, and of a server's above all.
enum ServedPath {
    /// The bytes of words of the command line, which need not be UTF-8.
    ///
    /// The parser tells their text alone, which several may have: paths stand in their order, and
    /// behind most other words.
    static func bytes(_ words: [String]) -> [[UInt8]] {
        var given = ArgumentBytes.last(Int(CommandLine.argc))[...]
        var found: [[UInt8]] = []
        for word in words.reversed() {
            let place = given.lastIndex {
                String(decoding: $0, as: UTF8.self).utf8.elementsEqual(word.utf8)
            }
            found.append(place.map { given[$0] } ?? Array(word.utf8))
            if let place { given = given[..<place] }
        }
        return found.reversed()
    }

    /// Steps down a path with `/` between its names; empty names and `.` are left out.
    static func walk(_ path: [UInt8], from root: Fid) throws(FileError) -> Fid {
        let names = path.split(separator: UInt8(ascii: "/")).map(Array.init)
        return try root.walk(names.filter { $0 != [UInt8(ascii: ".")] })
    }

    /// Does `body` for each; one that fails is told and does not keep the others back.
    static func forEach(
        _ paths: [String],
        _ body: (_ path: [UInt8]) throws -> Void
    ) throws {
        var status: Int32 = 0
        for (text, path) in zip(paths, bytes(paths)) {
            do {
                try body(path)
            } catch let error as FileError {
                Complaint(text, error).print(as: "pak")
                status = 1
            }
        }
        if status != 0 { throw ExitCode(status) }
    }
}

extension FileLine {
    /// What a server says of a file.
    init(_ fid: Fid, path: [UInt8]) throws(FileError) {
        let told = try fid.stat()
        stat = told.stat
        self.path = path
        owner = Self.owner(told.owner, told.stat.uid)
        group = Self.owner(told.group, told.stat.gid)
        target = told.stat.mode.type == .symlink ? try fid.readLink() : nil
    }

    private static func owner(_ name: [UInt8], _ number: UInt32) -> String {
        name.isEmpty ? "\(number)" : Visible.text(String(decoding: name, as: UTF8.self))
    }
}
