import FileTree
import NinePClient

/// A folder of a server's control tree: files of lines, and `ctl`, which takes words.
struct ServedControl {
    let folder: Fid

    /// The lines of a file.
    func lines(_ file: String) throws(FileError) -> [[UInt8]] {
        let fid = try folder.walk([Array(file.utf8)])
        try fid.open()
        return try fid.readAll().split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    /// Writes words, a line of them, to the file `ctl`.
    func say(_ words: String) throws(FileError) {
        let file = try folder.walk([Array("ctl".utf8)])
        try file.open(.write)
        try file.write(Array("\(words)\n".utf8), at: 0)
    }

    /// Why the last words were refused, and what more is said of that, a line each; nil where
    /// nothing is said.
    var refusal: [String]? {
        // Without it the error that the words met is told by itself.
        guard let told = try? lines("ctl") else { return nil }
        let lines = told.map { String(decoding: $0, as: UTF8.self) }
        let prefix = "error: "
        guard let start = lines.firstIndex(where: { $0.hasPrefix(prefix) }) else { return nil }
        return [String(lines[start].dropFirst(prefix.count))] + lines[(start + 1)...]
    }
}
