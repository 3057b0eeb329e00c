import Archive
import ArgumentParser
import Environments
import FileTree
import Glibc
import Terminal
import UnionTree

/// `pak shine`: a folder of the real disk above whatever packages have at a path.
struct Shine: RuleVerb {
    static let configuration = CommandConfiguration(
        abstract: "Show a folder of the disk, which can be written, whatever packages have there."
    )

    @OptionGroup var common: RuleOptions

    @Flag(help: "Copy what packages have there to the disk, where nothing is yet.")
    var copy = false

    @Argument(help: "The path in the view.")
    var path: String

    @Argument(
        help: "The folder of the disk, from / or ~/; the same path without.",
        completion: .directory
    )
    var folder: String?

    var rule: [String] { ["shine", path] + (folder.map { [$0] } ?? []) }

    func validate() throws {
        if common.not, copy { throw ValidationError("--copy: not with --not") }
        guard options.address == nil || common.not else {
            throw ValidationError("-a: a server is told no path of a host; only --not goes there")
        }
    }

    func run() throws {
        if common.not { return try change() }
        let wanted: ShinePath
        do throws(FileError) {
            guard case .shine(let shine) = try EnvironmentRule(words: rule) else { return }
            wanted = shine
        } catch {
            throw Complaint("\(error)", status: 2)
        }
        let rules = try copy ? copied(wanted) : []
        // Where the disk is seen already there is nothing to be said.
        if wanted.folder == nil,
            rules.contains(where: { wanted.path.names.starts(with: $0.path.names) })
        {
            return
        }
        try check(wanted)
        try change()
    }

    /// Copies, and gives the rules that there are.
    private func copied(_ wanted: ShinePath) throws -> [ShinePath] {
        // Who may not write the environment copies nothing either.
        _ = try options.local.writable()
        let current = try options.local.current()
        let rules = current.record.text.shines
        let target: String
        do throws(FileError) {
            // Where nothing else is said it is seen where a rule above shows it.
            let above = rules.filter { wanted.path.names.starts(with: $0.path.names) }
                .max { $0.path.names.count < $1.path.names.count }
            let shine = wanted.folder == nil ? above ?? wanted : wanted
            let rest = wanted.path.names.dropFirst(shine.path.names.count)
            target = try ([shine.hostFolder()] + rest.map { String(decoding: $0, as: UTF8.self) })
                .joined(separator: "/")
        } catch {
            throw Complaint("\(error)")
        }
        let tree = try current.tree()
        do throws(FileError) {
            var options = ViewOptions()
            options.sub = wanted.path
            let root = try tree.attach(as: .superuser, options).root
            _ = try DirectoryOutput().write(Draft(tree: root), to: target, Archive.OutputOptions())
        } catch {
            let cure = error.kind == .notEmpty ? "\(command()): what is there stays" : nil
            throw Complaint(target, error, try: cure)
        }
        return rules
    }

    /// Complains of a folder that no view could show.
    private func check(_ shine: ShinePath) throws(Complaint) {
        do throws(FileError) { _ = try shine.open() } catch {
            let folder = (try? shine.hostFolder()) ?? ""
            let cure =
                error.kind == .notFound
                ? "mkdir -p \(ShellWord.quoted(folder)), or \(command("--copy"))"
                : "a folder to which no link leads: \(options.local.command("shine")) "
                    + "\(ShellWord.quoted(path)) FOLDER"
            throw Complaint("shine \(path): \(error)", try: cure)
        }
    }

    /// The same with an option.
    private func command(_ option: String...) -> String {
        let words = option + [path] + (folder.map { [$0] } ?? [])
        return ([options.local.command("shine")] + words.map { ShellWord.quoted($0) }).inRow(" ")
    }
}
