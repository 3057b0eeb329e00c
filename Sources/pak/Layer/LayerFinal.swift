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
        let layer = try place.open(changes: true)
        try layer.seal()
        guard let hook else { return try LayerLine.printChanges(layer, printing) }
        let lines = try layer.changeLines()
        try Hook(program: hook).run(
            place.layer,
            printing.json ? lines.map { Array(LayerLine.change($0).line.utf8) } : lines
        )
    }
}
