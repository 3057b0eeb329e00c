import ArgumentParser
import FileTree
import Glibc
import NinePClient
import Terminal

/// Paths of a server's tree that the command line names.
enum ServedPath {
    /// The bytes of a word of the command line, which need not be UTF-8.
    static func bytes(_ word: String) -> [UInt8] {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            if String(cString: argument) == word {
                return Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
            }
        }
        return Array(word.utf8)
    }

    /// Steps down a path with `/` between its names; empty names and `.` are left out.
    static func walk(_ path: String, from root: Fid) throws(FileError) -> Fid {
        let names = bytes(path).split(separator: UInt8(ascii: "/")).map(Array.init)
        return try root.walk(names.filter { $0 != [UInt8(ascii: ".")] })
    }

    /// Does `body` for each; one that fails is told and does not keep the others back.
    static func forEach(
        _ paths: [String],
        _ body: (String) throws -> Void
    ) throws {
        var status: Int32 = 0
        for path in paths {
            do {
                try body(path)
            } catch let error as FileError {
                Complaint(path, error).print(as: "pak")
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
