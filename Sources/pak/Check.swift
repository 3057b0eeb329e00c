import Archive
import ArgumentParser
import Environments
import FileTree
import Terminal

/// `pak check`: whether packages are what their checksums say.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read packages whole and compare them with their checksums."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions

    @Argument(help: "Packages, archives or directories.", completion: .file())
    var packages: [String]

    func run() throws {
        var status: Int32 = 0
        // One that is not whole does not keep the others from being looked at.
        for path in packages {
            do throws(Complaint) {
                try check(path)
            } catch {
                error.print(as: "pak")
                status = max(status, error.status)
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    private func check(_ path: String) throws(Complaint) {
        let package = try PackageFile.open(path, progress)
        let id: ContentID
        do throws(FileError) {
            try package.verify()
            id = package.isFramed ? package.id : try Self.identity(path)
        } catch {
            throw Complaint(path, error, status: error.kind == .malformed ? 4 : 1)
        }
        guard printing.json else {
            Stream.standardOutput.write("\(id) \(Visible.text(package.name))\n")
            return
        }
        let object = JSON.object([
            ("id", .text("\(id)")),
            ("name", .text(package.name)),
            ("version", package.manifest.version.map { .text($0) } ?? .null),
            ("entries", .number(Int64(package.index.entryCount - 1))),
            ("path", .text(path)),
        ])
        Stream.standardOutput.write(object.line + "\n")
    }

    /// The identity of what `pak pack` would make of it.
    private static func identity(_ path: String) throws(FileError) -> ContentID {
        var options = ImportOptions()
        options.latestTime = try SourceDate.latest()
        return try Packer.identity(of: path, options)
    }
}

/// A package that the command line names.
enum PackageFile {
    /// Opens it; what is no native one is made into one first, for this time alone.
    static func open(_ path: String, _ progress: ProgressOptions) throws(Complaint) -> Package {
        let meter = progress.meter
        defer { meter.clear() }
        var options = ImportOptions()
        options.progress = ImportProgress { meter.show($0, of: $1, path) }
        do throws(FileError) {
            let imports = ImportCache(nil)
            return try Package.open(path, frames: FrameCache(), imports: imports, options)
        } catch {
            throw Complaint(path, error)
        }
    }
}
