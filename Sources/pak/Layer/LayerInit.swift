import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Terminal
import UnionTree

/// `pak layer init`: a clean layer.
struct LayerInit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a layer, or make one clean that is there."
    )

    @OptionGroup var printing: OutputOptions

    @Option(
        parsing: .singleValue,
        help: "How the packages are joined: an -o of pakfs."
    )
    var option: [String] = []

    @Option(
        help: ArgumentHelp("Rules that it begins with, behind the usual.", valueName: "file"),
        completion: .file()
    )
    var rules: String?

    @OptionGroup var place: LayerPlace

    func validate() throws {
        guard place.address == nil || option.isEmpty else {
            throw ValidationError("--option: not with -a")
        }
    }

    func run() throws {
        let rules = try rules.map { (path) throws(Complaint) in
            try LayerSettings.rules(from: path)
        }
        if let address = place.address {
            try reset(at: address, rules ?? Rules())
        } else {
            try reset(rules ?? Rules())
        }
        guard printing.json else { return }
        Stream.standardOutput.write(JSON.object([("layer", .text(place.layer))]).line + "\n")
    }

    /// Makes the layer of a folder.
    private func reset(_ rules: Rules) throws(Complaint) {
        var settings = LayerSettings()
        settings.rules = rules
        var base = LayerBase()
        if TextFile.exists("\(place.layer)/log") {
            do throws(FileError) {
                base = try LayerBase.read(from: place.layer) ?? base
            } catch {
                throw place.complaint(error)
            }
        }
        if !option.isEmpty { base.options = option }
        _ = try place.capture(over: base, .renew(settings))
    }

    /// Makes the layer of a server: attaching makes it, if it is not there.
    private func reset(at address: String, _ rules: Rules) throws(Complaint) {
        _ = try ServerOptions.attach(to: address, ":capture=\(place.layer)")
        let layer = try ServedLayer(address, place.layer)
        try layer.say("reset")
        try layer.add(rules)
    }
}
