import ArgumentParser
import FileTree
import Terminal

/// `pak layer final`: no more changes, and what has changed.
struct LayerFinal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "final",
        abstract: "Take no more changes, and list those there are."
    )

    @OptionGroup var printing: OutputOptions

    @Option(
        help: ArgumentHelp(
            "Run that, with the layer as its argument and the list as its input.",
            valueName: "program"
        ),
        completion: .file()
    )
    var hook: String?

    @OptionGroup var place: LayerPlace

    func run() throws {
        // The hook may do something with the layer, which nobody has open by then.
        guard let lines = try lines(), let hook else { return }
        try Hook(program: hook).run(
            place.layer,
            printing.json ? lines.map { Array(LayerLine.change($0).line.utf8) } : lines
        )
    }

    /// Seals the layer, and returns its changes for the hook; without one they are printed.
    private func lines() throws -> [[UInt8]]? {
        let layer = try place.open(changes: true)
        try layer.seal()
        guard hook != nil else {
            try LayerLine.printChanges(layer, printing)
            return nil
        }
        return try layer.changeLines()
    }
}
