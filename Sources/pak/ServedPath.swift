import ArgumentParser
import FileTree
import Glibc
import NinePClient
import Terminal

/// Paths of a server's tree that the command line names.
enum ServedPath {
    /// Does `body` for each; one that fails is told and does not keep the others back.
    static func forEach(
        _ paths: [String],
        _ body: (String) throws(FileError) -> Void
    ) throws {
        var status: Int32 = 0
        for path in paths {
            do throws(FileError) {
                try body(path)
            } catch {
                Complaint(path, error).print(as: "pak")
                status = 1
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    /// Ends the command because standard output takes no more.
    static func stop() -> Never { exit(1) }
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
