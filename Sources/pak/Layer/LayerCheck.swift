import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Terminal

/// `pak layer check`: whether a layer is what its log says.
struct LayerCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a layer's log, and say where it is damaged."
    )

    @OptionGroup var printing: OutputOptions

    @Argument(help: "The layer's folder.", completion: .directory)
    var layer: String

    func run() throws {
        let report: LayerReport
        do throws(FileError) {
            report = try Layer.check(folder: layer)
        } catch {
            throw Complaint(layer, error)
        }
        let fault = baseFault(report)
        if printing.json {
            Stream.standardOutput.write(json(of: report, fault).line + "\n")
        } else {
            Stream.standardOutput.write(text(of: report))
        }
        if !report.isSound {
            var complaint = Complaint("\(layer): \(reason(report))", status: 4)
            if report.damage != nil {
                complaint.cure =
                    "a copy of it that is older; the log is whole up to offset "
                    + "\(report.wholeSize)"
            }
            throw complaint
        }
        guard let fault else { return }
        throw Complaint(
            "\(layer): \(fault)",
            try: "that of a copy, or one that names base and packages: man 6 pak.layer",
            status: 4
        )
    }

    /// What is wrong with the file that says what the layer lies over; nil when nothing is.
    private func baseFault(_ report: LayerReport) -> String? {
        do throws(FileError) {
            // What has changed nothing may lie over anything.
            guard try LayerBase.read(from: layer) == nil, report.objects > 1 else { return nil }
            return "\(LayerBase.fileName) is missing: nobody knows what the changes lie over"
        } catch {
            return error.context ?? "\(error)"
        }
    }

    private func reason(_ report: LayerReport) -> String {
        if let damage = report.damage { return "\(damage)" }
        let shown = report.lost.prefix(3).map {
            "\($0.name), the bytes of \(PathText.display($0.path)), \(Self.text(of: $0))"
        }
        return "lost: \(shown.joined(separator: "; "))"
            + (report.lost.count > 3 ? " and \(report.lost.count - 3) more" : "")
    }

    private static func text(of lost: LayerReport.Lost) -> String {
        switch lost.found {
        case .nothing: "is missing"
        case .bytes(let size): "has \(size) of \(lost.wanted) bytes"
        case .noFile: "is no file"
        }
    }

    /// A line of what there is, and a line each for what will be put in order.
    private func text(of report: LayerReport) -> String {
        var lines = [
            "\(layer): \(report.records) records, \(report.objects) files, "
                + "\(report.dataSize) bytes in \(report.dataFiles) data files"
                + (report.isSealed ? ", sealed" : "") + (report.isInUse ? ", in use" : "")
        ]
        if let torn = report.tornTail {
            lines.append("unfinished, to be cut off at offset \(report.wholeSize): \(torn)")
        }
        lines += report.lost.map {
            "lost: \($0.name), the bytes of \(PathText.display($0.path)), \(Self.text(of: $0))"
        }
        lines += report.orphans.map { "of no file, to be removed: \($0)" }
        lines += report.foreign.map { "no part of a layer: \($0)" }
        return lines.map { Visible.text($0) + "\n" }.joined()
    }

    private func json(of report: LayerReport, _ fault: String?) -> JSON {
        let lost = report.lost.map {
            JSON.object([
                ("file", .text($0.name)), JSON.name($0.path), ("wanted", .size($0.wanted)),
                ("why", .text(Self.text(of: $0))),
            ])
        }
        return .object([
            ("layer", .text(layer)),
            ("whole", .truth(report.isSound && fault == nil)),
            ("id", .text(String(report.id, radix: 16))),
            ("records", .number(Int64(report.records))),
            ("objects", .number(Int64(report.objects))),
            ("sealed", .truth(report.isSealed)),
            ("in-use", .truth(report.isInUse)),
            ("size", .size(report.logSize)),
            ("whole-size", .size(report.wholeSize)),
            ("unfinished", report.tornTail.map { .text("\($0)") } ?? .null),
            ("damage", report.damage.map { .text("\($0)") } ?? .null),
            ("over", fault.map { .text($0) } ?? .null),
            ("data-files", .number(Int64(report.dataFiles))),
            ("data-size", .size(report.dataSize)),
            ("lost", .list(lost)),
            ("orphans", .list(report.orphans.map { .text($0) })),
            ("foreign", .list(report.foreign.map { .text($0) })),
        ])
    }
}
