import ArgumentParser
import FileTree
import NinePClient
import Terminal

/// `pak stat`: all that a server says about files.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Print what a server says about files."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var server: ServerOptions

    @Argument(help: "Paths in the tree.")
    var paths: [String]

    func run() throws {
        let root = try server.attach()
        try ServedPath.forEach(paths) { path in
            let line = try FileLine(ServedPath.walk(path, from: root), path: path)
            if printing.json {
                Stream.standardOutput.write(line.json.line + "\n")
            } else {
                Stream.standardOutput.write(line.attributes)
            }
        }
    }
}

extension FileLine {
    /// A line an attribute, the word first.
    fileprivate var attributes: String {
        var lines = [
            ("name", String(decoding: path, as: UTF8.self)), ("type", stat.mode.type.word),
            ("mode", String(stat.mode.permissions, radix: 8)),
            ("owner", "\(stat.uid) \(owner)"), ("group", "\(stat.gid) \(group)"),
            ("links", "\(stat.links)"), ("size", "\(stat.size)"),
            ("modified", "\(stat.modified.seconds) \(Self.time(stat.modified))"), ("qid", qid),
        ]
        if let target { lines.append(("target", String(decoding: target, as: UTF8.self))) }
        if stat.device != 0 {
            lines.append(("device", "\(device.major):\(device.minor)"))
        }
        return lines.map { "\($0) \(Visible.text($1))\n" }.joined()
    }
}
