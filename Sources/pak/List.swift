import ArgumentParser
import FileTree
import NinePClient
import Terminal

/// `pak ls`: what directories of a server hold.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List what a server serves."
    )

    @OptionGroup var printing: OutputOptions

    @Flag(name: .shortAndLong, help: "Mode, links, owner, group, size, time and name.")
    var long = false

    @Flag(name: .shortAndLong, help: "Directories themselves, not what is in them.")
    var directory = false

    @Flag(name: [.customShort("R"), .long], help: "All there is below.")
    var recursive = false

    @OptionGroup var server: ServerOptions

    @Argument(help: "Paths in the tree; the root without any.")
    var paths: [String] = []

    func run() throws {
        let root = try server.attach()
        try ServedPath.forEach(paths.isEmpty ? ["/"] : paths) { path in
            let fid = try ServedPath.walk(path, from: root)
            if directory || !fid.qid.type.contains(.directory) {
                try show(fid, path)
            } else {
                try list(fid, below: recursive || paths.count > 1 ? path : [])
            }
        }
    }

    private func list(_ fid: Fid, below path: [UInt8]) throws {
        var prefix = path
        if !prefix.isEmpty, prefix.last != UInt8(ascii: "/") { prefix.append(UInt8(ascii: "/")) }
        try list(fid, prefix)
    }

    private func list(_ fid: Fid, _ prefix: [UInt8]) throws {
        let open = try fid.walk([])
        try open.open()
        let entries = try open.entries().sorted { $0.name.lexicographicallyPrecedes($1.name) }
        for entry in entries {
            let name = prefix + entry.name
            let child = try fid.walk([entry.name])
            try show(child, name)
            if recursive, child.qid.type.contains(.directory) {
                try list(child, name + [UInt8(ascii: "/")])
            }
        }
    }

    /// Prints one file: its name alone, or all that is asked for.
    private func show(_ fid: Fid, _ path: [UInt8]) throws {
        guard long || printing.json else { return try Self.write(path + [UInt8(ascii: "\n")]) }
        let line = try FileLine(fid, path: path)
        try Self.write(
            printing.json ? Array((line.json.line + "\n").utf8) : line.long + [UInt8(ascii: "\n")]
        )
    }

    private static func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try Stream.standardOutput.write($0) }
    }
}
