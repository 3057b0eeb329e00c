import Archive
import FileTree
import NinePClient
import TreeConformance

/// Prints a served tree, a line or two a file: `d PATH`, `l PATH TARGET`, `f MODE SIZE PATH` and
/// `s SHA256  PATH`.
enum RemoteList {
    static func print(_ address: String) throws(FileError) {
        let root = try RemoteTree(Client(dial: address)).attach(
            as: User(uid: 0, gid: 0, name: "root", isOwner: true),
            to: ""
        ).root
        try print(root, below: "")
    }

    private static func print(_ directory: any Directory, below path: String) throws(FileError) {
        for name in try TreeText.names(directory) {
            let node = try directory.lookup(name.span.bytes)
            let child = path + String(decoding: name, as: UTF8.self)
            let stat = try node.stat()
            if let next = node.directory {
                Swift.print("d \(child)")
                try print(next, below: child + "/")
            } else if let target = try node.link?.target() {
                Swift.print("l \(child) \(String(decoding: target, as: UTF8.self))")
            } else if let file = node.file {
                let mode = String(stat.mode.permissions, radix: 8)
                Swift.print("f \(mode) \(stat.size) \(child)")
                Swift.print("s \(SHA256.hash(try TreeText.bytes(file)))  \(child)")
            }
        }
    }
}
