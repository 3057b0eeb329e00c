import Archive
import FileTree
import Terminal

/// Where a package of a layer goes, and how it is made and told.
struct LayerOutput {
    private let printing: OutputOptions
    private let progress: ProgressOptions
    private let level: Int32?
    private let output: String

    init(
        _ printing: OutputOptions,
        _ progress: ProgressOptions,
        _ level: Int32?,
        _ output: String
    ) {
        self.printing = printing
        self.progress = progress
        self.level = level
        self.output = output
    }

    /// Writes a draft.
    func write(
        _ draft: Draft,
        _ format: any OutputFormat,
        losses: [Unpacker.Loss]
    ) throws(Complaint) {
        let meter = progress.meter
        var draft = draft
        draft.contents = MeteredContents(draft, meter, output)
        var options = Archive.OutputOptions()
        if let level { options.level = level }
        let report: OutputReport
        do throws(FileError) {
            defer { meter.clear() }
            report = try format.write(draft, to: output, options)
        } catch {
            throw Complaint(output, error)
        }
        tell(report.id, losses + report.losses)
    }

    /// Has a server make a file, and fetches it.
    func fetch(
        _ layer: ServedLayer,
        _ word: String,
        _ format: any OutputFormat
    ) throws(Complaint) {
        // First, as a server may be busy with an export for long.
        let file: NewFile
        do throws(FileError) { file = try NewFile(for: output) } catch {
            throw Complaint(output, error)
        }
        try layer.say(word)
        let meter = progress.meter
        defer { meter.clear() }
        try layer.copy(format.suffix, to: file.descriptor) { meter.show($0, of: $1, output) }
        do throws(FileError) { try file.commit() } catch { throw Complaint(output, error) }
        tell(nil, [])
    }

    private func tell(_ id: ContentID?, _ losses: [Unpacker.Loss]) {
        progress.remark(losses: losses)
        guard printing.json else {
            let words = [id.map { "\($0)" }, Visible.text(output)].compactMap { $0 }
            Stream.standardOutput.write(words.joined(separator: " ") + "\n")
            return
        }
        let object = JSON.object([
            ("id", id.map { .text("\($0)") } ?? .null),
            ("output", .text(output)),
            ("lost", .list(losses.map(\.json))),
        ])
        Stream.standardOutput.write(object.line + "\n")
    }
}

/// The contents of a draft, of which a meter shows how much has been asked for.
private final class MeteredContents: DraftContents {
    private let contents: any DraftContents
    private let meter: ProgressMeter
    private let name: String
    /// The bytes before each member, and of all.
    private let starts: [UInt64]

    init(_ draft: Draft, _ meter: ProgressMeter, _ name: String) {
        contents = draft.contents
        self.meter = meter
        self.name = name
        var sum: UInt64 = 0
        var starts: [UInt64] = [0]
        for member in draft.members {
            sum = sum &+ member.storedSize
            starts.append(sum)
        }
        self.starts = starts
    }

    func open(_ number: Int) throws(FileError) -> any OpenFile {
        meter.show(starts[number + 1], of: starts[starts.count - 1], name)
        return try contents.open(number)
    }
}
