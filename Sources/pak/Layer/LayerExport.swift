import Archive
import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Terminal

/// `pak layer export`: the changes as a package.
struct LayerExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Make a package of what was changed."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Option(name: [.short, .long], help: "The file, or the directory, to make.")
    var output: String

    @OptionGroup var format: FormatOptions

    @Option(
        help: ArgumentHelp("Rules that are added to the layer's own.", valueName: "file"),
        completion: .file()
    )
    var rules: String?

    @OptionGroup var compression: CompressionOptions

    @Option(help: "What the package is called, if not as the layer.")
    var name: String?

    @OptionGroup var place: LayerPlace

    func validate() throws {
        guard place.address == nil || format.to != "dir" else {
            throw ValidationError("--to dir: not with -a; --to pak, and then pak unpack")
        }
        guard place.address == nil || (name == nil && compression.level == nil) else {
            throw ValidationError("--name, --level: not with -a")
        }
    }

    func run() throws {
        let added = try rules.map { (path) throws(Complaint) in
            try LayerSettings.rules(from: path)
        }
        let layer = try place.open(changes: added != nil)
        if let added { try layer.add(added) }
        let output = LayerOutput(printing, progress, compression.level, output)
        if let served = layer as? ServedLayer {
            return try output.fetch(served, "export \(format.to)", try format.format)
        }
        guard let capture = layer as? Capture else { return }
        let export: Export
        do throws(FileError) {
            export = try capture.export(name: name)
        } catch {
            throw place.complaint(error)
        }
        try output.write(export.draft, try format.format, losses: export.warnings)
    }
}
