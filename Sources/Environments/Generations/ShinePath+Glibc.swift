package import FileTree
import Glibc
import SystemPackage
package import UnionTree

/// A directory of a view that is the real disk, and can be written there.
///
/// It is above what packages have at the path, whatever that is. Only a rule of an environment
/// makes one: no client names a path of the host.
package struct ShinePath: Sendable, Hashable {
    /// Where it is in the view.
    package let path: UnionPath
    /// The folder of the host that is seen there, from the root or, with `~/`, from the home of
    /// whoever has the view; nil for the folder of the same path.
    package let folder: String?

    /// Checks both.
    ///
    /// Errors: `.invalid` for the root, a folder that is not from the root, and `..`.
    package init(_ path: [UInt8], folder: [UInt8]? = nil) throws(FileError) {
        let text = PathText.text(path)
        do throws(FileError) { self.path = try UnionPath(path) } catch {
            throw FileError(.invalid, "shine \(text): not a path")
        }
        guard let first = self.path.names.first else {
            throw FileError(.invalid, "shine: a path below the root is needed")
        }
        // What the kernel makes for each process is no disk.
        guard !["proc", "sys", "dev"].contains(where: { first.elementsEqual($0.utf8) }) else {
            throw FileError(.invalid, "shine \(text): it is the kernel's")
        }
        self.folder = try folder.map { (bytes) throws(FileError) in
            guard let folder = String(validating: bytes, as: UTF8.self), !bytes.contains(0),
                folder.utf8.starts(with: "/".utf8) || folder.utf8.starts(with: "~/".utf8),
                !folder.parts(at: "/").contains("..")
            else { throw FileError(.invalid, "shine \(text): a folder from / or ~/ is needed") }
            let names = folder.parts(at: "/").filter { $0 != "." }
            let start = folder.utf8.starts(with: "/".utf8) ? "/" : ""
            guard names.count > (start.isEmpty ? 1 : 0) else {
                throw FileError(.invalid, "shine \(text): \(folder) is too much")
            }
            return start + names.joined(separator: "/")
        }
        guard folder != nil || String(validating: path, as: UTF8.self) != nil else {
            throw FileError(.invalid, "shine \(text): no UTF-8, so a folder is needed")
        }
    }

    /// The folder of the host, for this process's user.
    ///
    /// Errors: `.notFound` when it is in a home that nobody has named.
    package func hostFolder() throws(FileError) -> String {
        let (start, rest) = try place()
        return (start == "/" ? start : start + "/") + rest
    }

    /// The folder as a directory that can be changed; no link leads there.
    ///
    /// Errors: those of open(2), with the path.
    package func open() throws(FileError) -> any Directory {
        let (start, rest) = try place()
        let names = rest.parts(at: "/").map { Array($0.utf8) }
        return try HostTree(FilePath(start), below: names, isWritable: true).root
    }

    /// Where the folder is: below the root, or a home, which may be behind links: it is whose it is.
    private func place() throws(FileError) -> (start: String, rest: Substring) {
        guard let folder else { return ("/", Substring(decoding: path.bytes, as: UTF8.self)) }
        guard folder.utf8.starts(with: "~/".utf8) else { return ("/", folder.dropFirst()) }
        guard let home = getenv("HOME").map({ String(cString: $0) }),
            home.utf8.starts(with: "/".utf8)
        else {
            throw FileError(.notFound, "\(folder): HOME is not set")
        }
        return (home, folder.dropFirst(2))
    }
}

extension [ShinePath] {
    /// Lays them over a view that begins at `sub`.
    ///
    /// Errors: those of `ViewMounts.lay`.
    package func lay(
        over attachment: Attachment,
        from sub: UnionPath = UnionPath()
    ) throws(FileError) -> Attachment {
        var mounts = ViewMounts()
        for shine in self { mounts.add(shine.path) { () throws(FileError) in try shine.open() } }
        return try mounts.lay(over: attachment, from: sub)
    }
}
