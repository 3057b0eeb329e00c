import ArgumentParser

/// `pak layer`: what was changed in a capture.
struct LayerVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layer",
        abstract: "List, check and export what was changed in a capture.",
        discussion: "See pak.layer(6).",
        subcommands: [
            LayerInit.self, LayerRun.self, LayerFinal.self, LayerChanges.self, LayerReads.self,
            LayerExport.self,
            LayerCheck.self, LayerDown.self,
        ]
    )
}
