import Archive
import ArgumentParser
import Environments
import FileTree
import Terminal

/// `pak pack`: a package of an archive or a directory.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a package of an archive or a directory."
    )

    @Option(name: [.short, .long], help: "The file to make.")
    var output: String

    @OptionGroup var compression: CompressionOptions

    @Option(help: "What the package is called, if not as its own metadata have it.")
    var name: String?

    @Flag(help: "It is a layer of an image: names like .wh.x hide what is below.")
    var layer = false

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Argument(help: "An archive or a directory.", completion: .file())
    var package: String

    func run() throws {
        let meter = progress.meter
        var options = ImportOptions()
        if let level = compression.level { options.level = level }
        options.name = name
        options.isLayer = layer
        do throws(FileError) {
            options.latestTime = try SourceDate.latest()
        } catch {
            throw Complaint("\(error)")
        }
        options.progress = ImportProgress { [package] in meter.show($0, of: $1, package) }
        let report: Packer.Report
        do throws(FileError) {
            defer { meter.clear() }
            report = try Packer.pack(package, to: output, options)
        } catch {
            throw Complaint(package, error)
        }
        for path in report.replaced.prefix(10) {
            progress.remark("\(package): \(String(decoding: path, as: UTF8.self)): the last counts")
        }
        if report.replaced.count > 10 {
            progress.remark("\(package): \(report.replaced.count - 10) more names twice")
        }
        guard printing.json else {
            Stream.standardOutput.write("\(report.id) \(Visible.text(output))\n")
            return
        }
        let object = JSON.object([
            ("id", .text("\(report.id)")),
            ("name", .text(report.manifest.name ?? "")),
            ("version", report.manifest.version.map { .text($0) } ?? .null),
            ("entries", .number(Int64(report.entryCount))),
            ("replaced", .list(report.replaced.map { .object([JSON.name($0)]) })),
            ("output", .text(output)),
        ])
        Stream.standardOutput.write(object.line + "\n")
    }
}
