import ArgumentParser
import FileTree
import Terminal

/// `pak layer changes`: what has changed.
struct LayerChanges: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "changes",
        abstract: "List what was changed: A M m D R L and paths."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var place: LayerPlace

    func run() throws { try LayerLine.printChanges(place.open(), printing) }
}

/// `pak layer reads`: what was opened below.
struct LayerReads: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reads",
        abstract: "List what was opened below, with the packages that it is from."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var place: LayerPlace

    func run() throws {
        for line in try place.open().readLines() {
            guard printing.json else {
                Stream.standardOutput.write(LayerLine.text(line) + "\n")
                continue
            }
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1).map(Array.init)
            guard words.count == 2 else { continue }
            let package = String(decoding: words[0], as: UTF8.self)
            let object = JSON.object([
                ("package", package == "-" ? .null : .text(package)),
                JSON.name(PathText.unescape(words[1])),
            ])
            Stream.standardOutput.write(object.line + "\n")
        }
    }
}

/// Lines that a layer answers with: words and paths, parted by blanks, odd bytes as `%XX`.
enum LayerLine {
    /// The line as text, fit for a terminal; where it is not UTF-8, all that is not ASCII is `%XX`.
    static func text(_ line: [UInt8]) -> String {
        if let text = String(validating: line, as: UTF8.self) { return Visible.text(text) }
        return Visible.text(
            String(decoding: PathText.escape(line, where: { $0 >= 0x80 }), as: UTF8.self)
        )
    }

    /// Prints what has changed.
    static func printChanges(_ layer: any LayerAnswers, _ printing: OutputOptions) throws {
        for line in try layer.changeLines() { print(line, printing) }
    }

    /// Prints a changed path.
    static func print(_ line: [UInt8], _ printing: OutputOptions) {
        Stream.standardOutput.write((printing.json ? change(line).line : text(line)) + "\n")
    }

    /// A changed path as an object.
    static func change(_ line: [UInt8]) -> JSON {
        let words = line.split(separator: UInt8(ascii: " ")).map(Array.init)
        let kind = String(decoding: words.first ?? [], as: UTF8.self)
        let path = PathText.unescape(words.last ?? [])
        var members = [("change", JSON.text(kind)), JSON.name(path)]
        if words.count == 4 {
            let (key, value) = JSON.name(PathText.unescape(words[1]))
            members.append((key == "name" ? "from" : "from-hex", value))
        }
        return .object(members)
    }
}
