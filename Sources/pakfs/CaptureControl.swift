import Archive
import CaptureTree
import Environments
import FileTree
import Synchronization

/// What the control tree has of a capture, and what becomes of the words written there.
final class CaptureControl: Sendable {
    /// The capture.
    let capture: Capture
    /// Where files that are exported are kept, without a name.
    private let folder: String
    private let state = Mutex(State())

    private struct State {
        /// Why the last word was refused; nil when it was not.
        var error: String?
        /// What has been exported since the layer was sealed.
        var exports: [(name: String, file: StoredFile)] = []
        /// How often what was exported has been forgotten.
        var forgotten = 0
    }

    init(_ capture: Capture, folder: String) {
        self.capture = capture
        self.folder = folder
    }

    /// Its directory.
    var entry: ControlTree.Entry { .directory { [self] in entries } }

    /// The files of its directory.
    var entries: [(name: String, entry: ControlTree.Entry)] {
        [
            (
                "changes",
                .bytes { [capture] () throws(FileError) in
                    Self.lines(try capture.changes().map(\.line))
                }
            ),
            ("ctl", .words(words)),
            (
                "export",
                .directory { [self] in
                    state.withLock { $0.exports }.map { ($0.name, .stored($0.file)) }
                }
            ),
            (
                "reads",
                .bytes { [capture] () throws(FileError) in
                    Self.lines(try capture.reads().map(\.bytes))
                }
            ),
            ("rules", .bytes { [capture] in capture.layer.rules.text }),
            ("tree", .root { [capture] in capture.root }),
        ]
    }

    private var words: ControlWords {
        ControlWords(
            text: { [self] in status },
            take: take,
            refuse: { [self] error in state.withLock { $0.error = "\(error)" } },
            isSlow: {
                $0.utf8.starts(with: "export ".utf8) || $0 == "down"
                    || $0.utf8.starts(with: "down ".utf8)
            }
        )
    }

    private static func lines(_ lines: [[UInt8]]) -> [UInt8] {
        lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    }

    /// What `ctl` says.
    private var status: String {
        let word = capture.layer.isSealed ? "sealed\n" : "unsealed\n"
        return word + (state.withLock { $0.error }.map { "error: \($0)\n" } ?? "")
    }

    /// Does what a line asks for.
    @Sendable private func take(_ line: String) throws(FileError) {
        do throws(FileError) {
            try obey(line.parts(at: " ", maxSplits: 1).map(String.init))
            state.withLock { $0.error = nil }
        } catch {
            state.withLock { $0.error = "\(line.prefix(200)): \(error)" }
            throw error
        }
    }

    private func obey(_ words: [String]) throws(FileError) {
        let layer = capture.layer
        switch (words.first ?? "", words.count) {
        case ("seal", 1): try layer.seal()
        case ("unseal", 1):
            try layer.unseal()
            forget()
        case ("reset", 1):
            try capture.reset()
            forget()
        case ("rule", 2): try capture.add(Rules.Rule(line: words[1].utf8))
        case ("export", 2): try export(words[1])
        case ("down", _): try moveDown(rest: words.count > 1 ? words[1] : nil)
        default:
            let known = "seal, unseal, reset, rule ACTION PATTERN, export FORMAT, down [NAME]"
            throw FileError(.invalid, "no such word; there are \(known)")
        }
    }

    private func forget() {
        state.withLock {
            $0.exports = []
            $0.forgotten += 1
        }
    }

    private func export(_ name: String) throws(FileError) {
        guard let format = try OutputFormats.named(name) as? any StreamFormat else {
            throw FileError(.invalid, "\(name): no file; pak layer export makes one")
        }
        try keep { (capture) throws(FileError) in
            let file = try StoredFile(in: folder)
            _ = try format.write(capture.export().draft, to: file.descriptor, OutputOptions())
            return [(format.suffix, file)]
        }
    }

    /// Makes new versions of the packages below, each a file.
    private func moveDown(rest: String?) throws(FileError) {
        try keep { (capture) throws(FileError) in
            var files: [(String, StoredFile)] = []
            for package in try capture.newPackages(rest: rest) {
                guard let draft = package.draft else { continue }
                let file = try StoredFile(in: folder)
                _ = try package.format.write(draft, to: file.descriptor, OutputOptions())
                files.append(("\(package.name).\(package.format.suffix)", file))
            }
            return files
        }
    }

    /// Keeps what is made of the layer, unless it is unsealed before all of it is there.
    private func keep(
        _ make: (Capture) throws(FileError) -> [(name: String, file: StoredFile)]
    ) throws(FileError) {
        // Who is sealed at the end may have been unsealed, and sealed again, meanwhile.
        let forgotten = state.withLock { $0.forgotten }
        guard capture.layer.isSealed else { throw FileError(.busy, "seal it first") }
        let made = try make(capture)
        // Who unsealed it meanwhile wants nothing of what there was.
        try state.withLock { (state) throws(FileError) in
            guard capture.layer.isSealed, state.forgotten == forgotten else {
                throw FileError(.busy, "it was unsealed meanwhile")
            }
            let names = Set(made.map(\.name))
            state.exports.removeAll { names.contains($0.name) }
            state.exports += made
            state.exports.sort { $0.name < $1.name }
        }
    }
}
