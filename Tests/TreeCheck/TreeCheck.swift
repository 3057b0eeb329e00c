import CaptureTree
import FileTree
import Glibc
import NinePServer
import SystemPackage
import TreeConformance

/// Checks trees of files, the mounts of a kernel among them.
///
/// - `treecheck make DIR` lays the tree whose text is on standard input out in a directory;
/// - `treecheck check DIR [modes] [owners] [times] [links] [positions]` compares a directory with that text;
/// - `treecheck change DIR [nanoseconds]` checks that everything can be changed in an empty
///   directory, times to the nanosecond;
/// - `treecheck serve ADDRESS` serves that tree, writable;
/// - `treecheck capture ADDRESS LAYER DIR` serves a capture in the folder LAYER over a directory;
/// - `treecheck list ADDRESS` prints a served tree with the sums of its files;
/// - `treecheck layer DIR op|end|none` changes a layer until it is killed, and prints the number of
///   each change once it is done;
/// - `treecheck errors ADDRESS` serves a tree of errors, and `treecheck errno DIR` looks at a
///   mount of it.
enum TreeCheck {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 2 else {
            complain(
                "usage: treecheck make|check|change|serve|capture|list|layer|errors|errno place [field]...",
                2
            )
        }
        do throws(FileError) {
            switch words[0] {
            case "make":
                var maker = HostMaker()
                try maker.fill(words[1], from: MemoryTree.make(standardInput()).root)
            case "check":
                let reference = try MemoryTree.make(standardInput()).root
                let tree = try HostTree(FilePath(words[1]))
                let check = ReadableCheck(tree.root, against: reference, fields(words[2...]))
                report(check.checks, check.failures)
            case "change":
                umask(0)
                let check = WritableCheck(
                    try MountedDirectory.open(words[1]),
                    hasNanoseconds: words.dropFirst(2).contains("nanoseconds")
                )
                report(check.checks, check.failures)
            case "serve":
                let server = Server(
                    tree: try MemoryTree.make(
                        standardInput(),
                        capacity: 512 << 20,
                        clock: { .now }
                    )
                )
                try server.listen(on: Address(words[1]))
                server.wait()
            case "layer": try LayerWriter.run(words[1], sync: words.last ?? "")
            case "capture":
                guard words.count == 4 else { complain("capture: address, layer, directory", 2) }
                let base = try HostTree(FilePath(words[3]))
                let layer = try Layer.open(folder: words[2])
                let server = Server(tree: try CaptureTree(layer: layer, over: base.root, in: base))
                try server.listen(on: Address(words[1]))
                server.wait()
            case "list": try RemoteList.print(words[1])
            case "errors": try ErrorTree.serve(on: words[1])
            case "errno":
                let (checks, failures) = ErrorTree.check(words[1])
                report(checks, failures)
            default: complain("\(words[0]): not a verb", 2)
            }
        } catch {
            complain("\(error)", 1)
        }
    }

    private static func report(_ checks: Int, _ failures: [String]) -> Never {
        for failure in failures { print(failure) }
        print("\(checks - failures.count) passed, \(failures.count) failed")
        exit(failures.isEmpty ? 0 : 1)
    }

    private static func fields(_ words: ArraySlice<String>) -> TreeText.Fields {
        var fields: TreeText.Fields = []
        for word in words {
            switch word {
            case "modes": fields.insert(.modes)
            case "owners": fields.insert(.owners)
            case "times": fields.insert(.times)
            case "links": fields.insert(.links)
            case "positions": fields.insert(.positions)
            default: complain("\(word): not a field", 2)
            }
        }
        return fields
    }

    private static func standardInput() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }

    private static func complain(_ what: String, _ status: Int32) -> Never {
        let line = Array("treecheck: \(what)\n".utf8)
        write(2, line, line.count)
        exit(status)
    }
}

/// Makes real files of a tree; owners and devices need root.
struct HostMaker {
    private var made: [UInt64: String] = [:]

    mutating func fill(_ path: String, from directory: any Directory) throws(FileError) {
        for name in try TreeText.names(directory) {
            let node = try directory.lookup(name.span.bytes)
            let child = path + "/" + String(decoding: name, as: UTF8.self)
            do { try make(node, child) } catch { throw error.at(child) }
        }
        try setAttributes(of: directory, path)
    }

    private mutating func make(_ node: any Node, _ path: String) throws(FileError) {
        let stat = try node.stat()
        if node.directory == nil, let first = made[stat.qid.path] {
            return try check(link(first, path))
        }
        made[stat.qid.path] = path
        if let directory = node.directory {
            try check(mkdir(path, 0o700))
            return try fill(path, from: directory)
        }
        if let target = try node.link?.target() {
            try check(symlink(String(decoding: target, as: UTF8.self), path))
        } else if let file = node.file {
            let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            try check(descriptor)
            let bytes = try TreeText.bytes(file)
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            try check(close(descriptor))
            guard count == bytes.count else { throw FileError(.noSpace) }
        } else {
            try check(mknod(path, stat.mode.rawValue, dev_t(stat.device)))
        }
        try setAttributes(of: node, path)
    }

    private func setAttributes(of node: any Node, _ path: String) throws(FileError) {
        let stat = try node.stat()
        try check(lchown(path, stat.uid, stat.gid))
        if node.link == nil { try check(chmod(path, stat.mode.permissions)) }
        let time = timespec(
            tv_sec: Int(stat.modified.seconds),
            tv_nsec: Int(stat.modified.nanoseconds)
        )
        try check(utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW))
    }

    private func check(_ result: Int32) throws(FileError) {
        guard result >= 0 else { throw FileError(.init(number: errno)) }
    }
}
