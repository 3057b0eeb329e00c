import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Namespaces
import Terminal

/// `pak layer run`: a command whose changes go to a layer.
struct LayerRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command whose changes go to the layer."
    )

    @OptionGroup var progress: ProgressOptions
    @OptionGroup var borders: ViewBorders
    @OptionGroup var place: LayerPlace

    @Argument(
        parsing: .captureForPassthrough,
        help: "The command and its arguments; -- may stand in front."
    )
    var command: [String] = []

    func validate() throws {
        try PassedWords.check(command, Self.self)
        guard place.address == nil else {
            throw ValidationError("run: not with -a: mount what is served there")
        }
    }

    func run() throws {
        let example = "pak layer run '\(place.layer)' -- COMMAND"
        let words = try PassedWords.command(command, example)
        Foreground.take()
        try ViewRun.endingAsOurs(words) { () throws(Complaint) in
            let capture = try place.capture(.write(LayerSettings()))
            let run = try CaptureRun(borders.choice, nil, capture, words)
            do throws(FileError) {
                if capture.layer.isSealed { try capture.layer.unseal() }
            } catch {
                throw place.complaint(error)
            }
            let ending = try run.run { progress.remark(losses: $0) }
            do throws(FileError) { try capture.layer.finish() } catch {
                throw Complaint(place.layer, error)
            }
            return ending
        }
    }
}
