import CaptureTree
import FUSEServer
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
/// - `treecheck fuse DIR` mounts that tree by FUSE, writable, until it is unmounted;
/// - `treecheck fusecapture DIR LAYER BASE` likewise a capture;
/// - `treecheck fusehost DIR BASE` likewise the directory BASE, to be read;
/// - `treecheck list ADDRESS` prints a served tree with the sums of its files;
/// - `treecheck layer DIR op|end|none` changes a layer until it is killed, and prints the number of
///   each change once it is done;
/// - `treecheck switches ADDRESS NAME OPERATIONS SWITCHES GENERATION...` reads an environment of a
///   pakfs by several clients while it is switched;
/// - `treecheck errors ADDRESS` serves a tree of errors, and `treecheck errno DIR [VERSION]` looks
///   at a mount of it by v9fs.
enum TreeCheck {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 2 else {
            complain(
                "usage: treecheck make|check|change|serve|capture|fuse|fusecapture|fusehost|list|layer|switches|errors|errno place [field]...",
                2
            )
        }
        do throws(FileError) {
            switch words[0] {
            case "make":
                umask(0)
                let target = try MountedDirectory.open(words[1])
                try TreeCopy.copy(MemoryTree.make(standardInput()).root, to: target)
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
            case "fuse":
                let text = standardInput()
                let tree = try MemoryTree.make(text, capacity: 512 << 20, clock: { .now })
                let attachment = Attachment(root: tree.root, tree: tree)
                try mount(attachment, at: words[1])
            case "fusecapture":
                guard words.count >= 4 else { complain("\(words[0]): dir, layer, base", 2) }
                let base = try HostTree(FilePath(words[3]))
                let layer = try Layer.open(folder: words[2])
                let tree = try CaptureTree(layer: layer, over: base.root, in: base)
                let attachment = try tree.attach(as: .superuser, to: "")
                try mount(attachment, at: words[1])
            case "fusehost":
                guard words.count == 3 else { complain("\(words[0]): dir, base", 2) }
                let host = try HostTree(FilePath(words[2]))
                let attachment = Attachment(root: host.root, tree: host)
                try mount(attachment, at: words[1], isWritable: false)
            case "list": try RemoteList.print(words[1])
            case "switches":
                guard words.count > 5, let operations = Int(words[3]), let switches = Int(words[4]),
                    switches > 0
                else { complain("switches: address, name, two numbers, generations", 2) }
                let readers = SwitchReaders(
                    words[1],
                    words[2],
                    operations: operations,
                    switches: switches
                )
                let (text, faults) = try readers.run(Array(words[5...]))
                for fault in faults { print(fault) }
                print("\(text), \(faults.count) faults")
                exit(faults.isEmpty ? 0 : 1)
            case "errors": try ErrorTree.serve(on: words[1])
            case "errno":
                let (checks, failures) = ErrorTree.check(words[1], isPlain: words.last == "9p2000")
                report(checks, failures)
            default: complain("\(words[0]): not a verb", 2)
            }
        } catch {
            complain("\(error)", 1)
        }
    }

    /// Serves a mount of anyone's until it is unmounted.
    private static func mount(
        _ attachment: Attachment,
        at path: String,
        isWritable: Bool = true
    ) throws(FileError) {
        var mount = FUSEMount.Options()
        mount.allowsOthers = getuid() == 0
        mount.isReadOnly = !isWritable
        var options = FUSEServer.Options()
        options.isWritable = isWritable
        options.log = { line in
            let line = Array("treecheck: \(line)\n".utf8)
            write(2, line, line.count)
        }
        let descriptor = try FUSEMount.mount(at: path, mount)
        try FUSEServer(attachment, descriptor: descriptor, options: options).run()
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
