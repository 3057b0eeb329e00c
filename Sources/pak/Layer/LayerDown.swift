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

    @Option(help: ArgumentHelp("Compress as zstd does at that level, 1 to 19.", valueName: "n"))
    var level: Int32?

    @Option(help: "What the package of all that belongs to none is called.")
    var name: String?

    @OptionGroup var place: LayerPlace

    func validate() throws {
        guard (1...19).contains(level ?? 3) else { throw ValidationError("--level takes 1 to 19") }
        guard place.address == nil else {
            throw ValidationError("down: not with -a: the packages are not there")
        }
    }

    func run() throws {
        let capture = try place.capture(.read)
        let moved: MoveDown
        do throws(FileError) {
            moved = try capture.moveDown(rest: name)
        } catch {
            throw place.complaint(error)
        }
        do throws(FileError) {
            try TextFile.makeEmptyFolder(output)
        } catch {
            throw Complaint(output, error, try: "-o a directory that is not there yet")
        }
        var names: Set<String> = []
        for (number, package) in capture.packages.enumerated() {
            guard let draft = moved.versions[number] else {
                progress.remark("\(package.name): nothing changed")
                continue
            }
            try write(draft, package.name, PackageOutput(reusing: package), &names)
        }
        if let rest = moved.rest { try write(rest, name ?? place.name, PackageOutput(), &names) }
    }

    /// Writes a package under a name of its own.
    private func write(
        _ draft: Draft,
        _ name: String,
        _ format: PackageOutput,
        _ names: inout Set<String>
    ) throws(Complaint) {
        let first = PackageName.isLegal(name) ? name : "rest"
        var own = first
        var number = 2
        while !names.insert(own).inserted {
            own = "\(first).\(number)"
            number += 1
        }
        let path = "\(output)/\(own).pak.zst"
        try LayerOutput(printing, progress, level, path).write(draft, format, losses: [])
    }
}
