import FileTree
import Glibc
import NinePServer

/// A tree in which a look-up of an error's name fails with that error: for learning what number
/// a client makes of each.
final class ErrorTree: Tree, Directory {
    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        Attachment(root: self, tree: self)
    }

    var qid: Qid { Qid(type: .directory, version: 0, path: 1) }
    func stat() throws(FileError) -> Stat { Stat(qid: qid, mode: Mode(.directory, 0o755)) }
    var parent: (any Directory)? { nil }
    func withName(_ body: (RawSpan) -> Void) {
        let name = Array("/".utf8)
        body(name.span.bytes)
    }

    func lookup(_ name: RawSpan) throws(FileError) -> any Node {
        let name = String(decoding: Array(name), as: UTF8.self)
        throw FileError(FileError.Kind.allCases.first { "\($0)" == name } ?? .notFound)
    }

    func entries(
        from cookie: UInt64,
        _ body: (borrowing DirectoryEntry, RawSpan) -> Bool
    ) throws(FileError) {}

    /// Serves the tree until the process is killed.
    static func serve(on address: String) throws(FileError) {
        let server = Server(tree: ErrorTree())
        try server.listen(on: Address(address))
        server.wait()
    }

    /// Looks each error's name up below a mount of the tree; returns what came out otherwise.
    ///
    /// Plain 9P2000, `isPlain`, knows texts alone, and v9fs takes that of a bad name for a long one's.
    static func check(_ mount: String, isPlain: Bool) -> (checks: Int, failures: [String]) {
        var failures: [String] = []
        for kind in FileError.Kind.allCases {
            var status = Glibc.stat()
            let result = lstat("\(mount)/\(kind)", &status)
            let number = result == 0 ? 0 : errno
            let wanted = isPlain && kind == .illegalName ? ENAMETOOLONG : Int32(kind.number)
            if number != wanted { failures.append("\(kind): errno \(number), not \(wanted)") }
        }
        return (FileError.Kind.allCases.count, failures)
    }
}
