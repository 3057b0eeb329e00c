import Archive
import ArgumentParser
import FileTree

/// What a layer's package is made as.
struct FormatOptions: ParsableArguments {
    @Option(help: ArgumentHelp("pak, tar, oci, nar or dir.", valueName: "format"))
    var to = "pak"

    var format: any OutputFormat {
        get throws(FileError) { try OutputFormats.named(to) }
    }

    func validate() throws {
        do throws(FileError) { _ = try format } catch {
            throw ValidationError("--to \(error)")
        }
    }
}
