import ArgumentParser

/// How a package that is made is compressed.
struct CompressionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Compress as zstd does at that level, 1 to 19.", valueName: "n"))
    var level: Int32?

    func validate() throws {
        guard (1...19).contains(level ?? 3) else { throw ValidationError("--level takes 1 to 19") }
    }
}
