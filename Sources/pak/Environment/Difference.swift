import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// `pak diff`: what became of an environment between two generations.
struct Difference: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell how generations of an environment differ."
    )

    @Flag(help: "Tell it of files: A for one that is new, D for one that is gone, M for others.")
    var files = false

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    @Argument(help: "The generation to compare with; the current one's parent without.")
    var old: Int?

    @Argument(help: "The generation that is compared; the current one without.")
    var new: Int?

    func run() throws {
        let current = try options.current()
        let before: GenerationRecord?
        let after: GenerationRecord
        do throws(FileError) {
            after =
                try new.map { (number) throws(FileError) in
                    try current.environment.record(number)
                } ?? current.record
            let number = old ?? after.parent
            before = number > 0 ? try current.environment.record(number) : nil
        } catch {
            throw Complaint("\(error)", try: "pak history")
        }
        let old = before?.text ?? EnvironmentText()
        let differences = PackageDifference.list(from: old, to: after.text)
        if files { return try showFiles(differences, current) }
        for difference in differences {
            printing.show(JSON.difference(difference), or: difference.line + "\n")
        }
        for rule in old.rules where !after.text.rules.contains(rule) { show(rule, "-") }
        for rule in after.text.rules where !old.rules.contains(rule) { show(rule, "+") }
    }

    private func show(_ rule: EnvironmentRule, _ sign: String) {
        printing.show(
            .object([("rule", .text(rule.line)), ("added", .truth(sign == "+"))]),
            or: "\(sign) \(rule.line)\n"
        )
    }

    private func showFiles(
        _ differences: [PackageDifference],
        _ current: CurrentEnvironment
    ) throws {
        let opener = StoredPackages(current.finder)
        var before: [[UInt8]: Signature] = [:]
        var after: [[UInt8]: Signature] = [:]
        do throws(FileError) {
            for difference in differences {
                if let old = difference.old { try Self.read(opener.package(old), &before) }
                if let new = difference.new { try Self.read(opener.package(new), &after) }
            }
        } catch {
            throw Complaint("\(error)")
        }
        let paths = Set(before.keys).union(after.keys).sorted { $0.lexicographicallyPrecedes($1) }
        for path in paths where before[path] != after[path] {
            let letter = before[path] == nil ? "A" : after[path] == nil ? "D" : "M"
            if printing.json {
                let object = JSON.object([("letter", .text(letter)), JSON.name(path)])
                Stream.standardOutput.write(object.line + "\n")
                continue
            }
            let line = Array("\(letter) /".utf8) + path + [UInt8(ascii: "\n")]
            try line.withUnsafeBytes { try Stream.standardOutput.write($0) }
        }
    }

    /// What makes a file another.
    private struct Signature: Hashable {
        var mode: Mode
        var uid: UInt32
        var gid: UInt32
        var contents: [UInt8]
    }

    private static func read(
        _ package: Package,
        _ signatures: inout [[UInt8]: Signature]
    ) throws(FileError) {
        let index = package.index
        for entry in 1..<UInt32(max(1, index.entryCount)) {
            let inode = index.inode(index.inodeNumber(entry))
            var contents: [UInt8] = []
            switch inode.mode.type {
            case .regular: contents = try package.hash(inode.number).bytes
            case .symlink: contents = Array(index.linkTarget(inode))
            case .directory where !index.isListed(entry): continue
            default: break
            }
            signatures[index.path(entry)] = Signature(
                mode: inode.mode,
                uid: inode.uid,
                gid: inode.gid,
                contents: contents
            )
        }
    }
}
