import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal
import UnionTree

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
            throw Complaint("\(error)", try: options.command("history"))
        }
        let old = before?.text ?? EnvironmentText()
        if files { return try showFiles(old, after.text, current) }
        let differences = PackageDifference.list(from: old, to: after.text)
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

    /// Tells how what the packages and rules of one state show differs from what those of another
    /// do.
    private func showFiles(
        _ old: EnvironmentText,
        _ new: EnvironmentText,
        _ current: CurrentEnvironment
    ) throws {
        let opener = StoredPackages(current.finder)
        let name = current.environment.name
        let changes: [PathChange]
        do throws(FileError) {
            var conflicts: [Conflict] = []
            let after = try opener.tree(of: new, named: name, &conflicts)
            let near: StoredPackages.Near = (new, after)
            let before = try opener.tree(of: old, named: name, near: near, &conflicts)
            changes = try UnionTree.changes(
                from: Self.root(before, old),
                to: Self.root(after, new)
            )
        } catch {
            throw Complaint("\(error)")
        }
        for change in changes {
            let letter = letter(change.kind)
            if printing.json {
                let object = JSON.object([("letter", .text(letter)), JSON.name(change.path)])
                Stream.standardOutput.write(object.line + "\n")
                continue
            }
            let line = Array("\(letter) /".utf8) + change.path + [UInt8(ascii: "\n")]
            try line.withUnsafeBytes { try Stream.standardOutput.write($0) }
        }
    }

    private static func root(
        _ tree: UnionTree,
        _ text: EnvironmentText
    ) throws(FileError) -> any Directory {
        var options = ViewOptions()
        options.allowed = Set(text.allowed)
        return try tree.attach(as: .superuser, options).root
    }

    private func letter(_ kind: PathChange.Kind) -> String {
        switch kind {
        case .added: "A"
        case .gone: "D"
        case .changed: "M"
        }
    }
}
