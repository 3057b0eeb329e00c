import Archive
import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Terminal

/// `pak layer down`: layer and packages as new packages.
struct LayerDown: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Make new versions of the packages below a layer, with its changes."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Option(name: [.short, .long], help: "The directory to make, for the packages.")
    var output: String

    @OptionGroup var compression: CompressionOptions

    @Option(help: "What the package of all that belongs to none is called.")
    var name: String?

    @OptionGroup var place: LayerPlace

    func validate() throws {
        guard place.address == nil else {
            throw ValidationError("down: not with -a: the packages are not there")
        }
    }

    func run() throws {
        let capture = try place.capture(.read)
        let packages: [Capture.NewPackage]
        do throws(FileError) {
            packages = try capture.newPackages(rest: name)
        } catch {
            throw place.complaint(error)
        }
        do throws(FileError) {
            try TextFile.makeEmptyFolder(output)
        } catch {
            throw Complaint(output, error, try: "-o a directory that is not there yet")
        }
        for package in packages {
            guard let draft = package.draft else {
                progress.remark("\(package.name): nothing changed")
                continue
            }
            let path = "\(output)/\(package.name).pak.zst"
            let file = LayerOutput(printing, progress, compression.level, path)
            try file.write(draft, package.format, losses: [])
        }
    }
}
