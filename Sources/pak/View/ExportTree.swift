import Archive
import ArgumentParser
import Environments
import FileTree
import Terminal
import UnionTree

/// `pak export`: a view as files of the disk.
struct ExportTree: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what packages show together into a directory."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var packages: PackageOptions

    @Argument(help: "The directory, which must be missing or empty.", completion: .directory)
    var directory: String

    func run() throws {
        let environment = try packages.environment(over: nil, usual: true)
        guard !packages.isEmpty || !environment.title.isEmpty else {
            throw Complaint("no packages", try: "pak export -p PACKAGE or -e NAME", status: 2)
        }
        var options = ViewOptions()
        options.showsDevices = true
        options.keepsSetID = true
        let report: OutputReport
        do throws(FileError) {
            let root = try environment.attach(options).root
            let format = DirectoryOutput()
            report = try format.write(Draft(tree: root), to: directory, Archive.OutputOptions())
        } catch {
            let cure = "pak export ... a directory that is not there yet"
            throw Complaint(directory, error, try: error.kind == .notEmpty ? cure : nil)
        }
        progress.remark(losses: report.losses)
        guard printing.json else { return }
        let object = JSON.object([
            ("output", .text(directory)),
            ("packages", .list(environment.tree.packages.map { .text("\($0.id)") })),
            ("lost", .list(report.losses.map(\.json))),
        ])
        Stream.standardOutput.write(object.line + "\n")
    }
}
