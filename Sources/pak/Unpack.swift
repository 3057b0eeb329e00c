import Archive
import ArgumentParser
import FileTree
import Terminal

/// `pak unpack`: a package's files in a directory.
struct Unpack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a package's files into a directory."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Argument(help: "A package, an archive or a directory.", completion: .file())
    var package: String

    @Argument(help: "The directory, which must be missing or empty.", completion: .directory)
    var directory: String

    func run() throws {
        let package = try PackageFile.open(package, progress)
        let losses: [Unpacker.Loss]
        do throws(FileError) {
            losses = try Unpacker.unpack(package, to: directory)
        } catch {
            throw Complaint(
                directory,
                error,
                try: error.kind == .notEmpty
                    ? "pak unpack \(self.package) a directory that is not there yet" : nil
            )
        }
        progress.remark(losses: losses)
        guard printing.json else { return }
        let object = JSON.object([
            ("id", .text("\(package.id)")),
            ("name", .text(package.name)),
            ("entries", .number(Int64(package.index.entryCount - 1))),
            ("lost", .list(losses.map(\.json))),
        ])
        Stream.standardOutput.write(object.line + "\n")
    }
}
