import Archive
import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Glibc
import Namespaces
import Terminal

/// `pak capture`: a command that may change everything, and the package of what it changed.
struct CaptureVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        _superCommandName: "pak",
        abstract: "Run a command in a copy of the machine, and make a package of what it changes."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Option(name: [.short, .long], help: "The file, or the directory, to make.")
    var output: String?

    @OptionGroup var format: FormatOptions

    @Flag(help: "List what was changed: A M m D R L and paths.")
    var list = false

    @Option(
        help: ArgumentHelp("Rules that are added to the usual ones.", valueName: "file"),
        completion: .file()
    )
    var rules: String?

    @Option(
        help: ArgumentHelp("A folder that keeps the changes.", valueName: "dir"),
        completion: .directory
    )
    var layer: String?

    @Flag(help: "Make the package of a command that fails, too.")
    var keep = false

    @OptionGroup var compression: CompressionOptions

    @Option(help: "What the package is called, if not as the file.")
    var name: String?

    @OptionGroup var trees: ViewTrees
    @OptionGroup var borders: ViewBorders

    @Option(help: ArgumentHelp("How files get there: fuse or overlay.", valueName: "way"))
    var via: ViewArguments.Way?

    @Argument(
        parsing: .captureForPassthrough,
        help: "The command and its arguments; -- may stand in front."
    )
    var command: [String] = []

    func validate() throws {
        try PassedWords.check(command, Self.self)
        if via == .ninep { throw ValidationError("--via 9p: not with capture") }
        guard output != nil || list || layer != nil else {
            throw ValidationError("nothing to be made: -o FILE, --list or --layer DIR")
        }
    }

    func run() throws {
        let words = try PassedWords.command(command, "pak capture -o FILE -- COMMAND")
        Foreground.take()
        try ViewRun.endingAsOurs(words) { () throws(Complaint) in
            // What would cost all that the command has done is found before it begins.
            try checkOutput()
            let folder = try CaptureFolder(layer)
            defer { folder.remove() }
            let capture = try open(folder.path)
            var choice = borders.choice
            choice.quiet = progress.quiet
            let ending = try CaptureRun(choice, via, capture, words).run {
                progress.remark(losses: $0)
            }
            guard ending == .exited(0) || keep else { return ending }
            do throws(Complaint) { try finish(capture) } catch {
                // The command may have run for an hour.
                guard let layer = folder.keep(as: packageName) else { throw error }
                var complaint = error
                complaint.text += ": what was changed is the layer \(layer)"
                // What no package can have, or this user not read, is in none that is tried again.
                let isUnfit = [.tooBig, .nameTooLong, .permission].contains(error.kind)
                let rules = isUnfit ? "--rules FILE, which says drop /PATH, " : ""
                complaint.cure = error.cure ?? "pak layer export '\(layer)' \(rules)-o FILE"
                throw complaint
            }
            return ending
        }
    }

    /// Complains of a time or a place for the package that cannot be meant.
    private func checkOutput() throws(Complaint) {
        do throws(FileError) { _ = try SourceDate.latest() } catch {
            throw Complaint("export", error, try: "SOURCE_DATE_EPOCH=\(ExportOptions.epoch)")
        }
        guard let output else { return }
        let place = TextFile.absolute(output)
        // What is not there yet has no other path than the one that it was given.
        let above = place.parts(at: "/").dropLast().joined(separator: "/")
        let folder = place.utf8.starts(with: "/".utf8) ? "/\(above)" : above.isEmpty ? "." : above
        guard HostNames.isWritableFolder(folder) else {
            throw Complaint("\(output): no file can be made there", try: "-o FILE")
        }
        if format.to != "dir", HostNames.isFolder(place) {
            throw Complaint(
                "\(output): is a directory",
                try: "-o '\(output)/\(packageName).\(format.to)'"
            )
        }
    }

    /// The layer in its folder, over the packages and the host.
    private func open(_ folder: String) throws(Complaint) -> Capture {
        var settings = LayerSettings()
        settings.sync = layer == nil ? .none : .end
        let own = try rules.map { (path) throws(Complaint) in
            try LayerSettings.rules(from: path)
        }
        let isNew = !TextFile.exists("\(folder)/log")
        settings.rules = Self.places
        for rule in own?.list ?? [] { settings.rules.append(rule) }
        let environment = try trees.environment(usual: false)
        do throws(FileError) {
            let capture = try Capture(
                packageName,
                folder: folder,
                over: environment,
                .whole,
                .write(settings)
            )
            if !isNew {
                if capture.layer.isSealed { try capture.layer.unseal() }
                if let own { try capture.take(own) }
            }
            return capture
        } catch {
            throw Complaint(folder, error)
        }
    }

    /// What the user has open is no part of what a build installs, unless rules say so, or it is
    /// where builds install.
    private static var places: Rules {
        var rules = Rules()
        let home = HostNames.variable("HOME").map { Array(TextFile.absolute($0).utf8) }
        let slash = UInt8(ascii: "/")
        for place in [home, HostNames.workingDirectory] {
            guard let place, place.first == slash else { continue }
            let path = Array(place.split(separator: slash).joined(separator: [slash]))
            let text = String(decoding: path, as: UTF8.self)
            if path.isEmpty || systemFolders.contains(text) { continue }
            rules.append(Rules.Rule(.drop, PathPattern(folder: path)))
        }
        return rules
    }

    /// Where packages have their files: who works in one of them, or has it for a home as daemons
    /// do, means what is in it.
    private static let systemFolders: Set<String> = {
        let tops = ["bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "srv"]
        let below = ["bin", "games", "include", "lib", "lib32", "lib64", "libexec", "libx32"]
        return Set(
            tops + ["usr", "var"] + (below + ["local", "sbin", "share"]).map { "usr/\($0)" }
        )
    }()

    private var packageName: String {
        if let name { return name }
        let file = (output ?? layer ?? "").parts(at: "/").last.map(String.init) ?? ""
        let stem = file.prefix { $0 != "." }
        return PackageName.isLegal(stem) ? String(stem) : "capture"
    }

    /// Seals the layer, and makes what was asked for.
    private func finish(_ capture: Capture) throws(Complaint) {
        do throws(FileError) { try capture.layer.seal() } catch {
            throw Complaint("layer", error)
        }
        if list { for line in try capture.changeLines() { LayerLine.print(line, printing) } }
        guard let output else { return }
        let export: Export
        let format: any OutputFormat
        do throws(FileError) {
            export = try capture.export(name: packageName)
            format = try self.format.format
        } catch {
            throw Complaint("export", error)
        }
        try LayerOutput(printing, progress, compression.level, output)
            .write(export.draft, format, losses: export.warnings)
    }
}
