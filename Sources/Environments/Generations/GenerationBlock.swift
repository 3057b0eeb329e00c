import Archive
import FileTree
import Store

/// A generation as an environment's log has it: what it is, or how it differs from another.
///
///     generation 42
///     parent 41 AT
///     base AT DEPTH DIFFERENT WHOLE
///     known LENGTH NUMBERS ROOTS
///     command add jq
///     hash HASH
///     root jq
///     -root curl
///     package CID NAME VERSION
///     -package CID NAME VERSION
///     rules
///     prefer PATH NAME ... (see `EnvironmentText`)
///
/// `AT` is where in the log another one begins. Without `base` all packages, roots and rules
/// stand there; else those that are more, with `-` those that are less, and the rules if they are
/// others. `DEPTH` is how many steps it is to one that is whole, `DIFFERENT` how many bytes the
/// blocks on the way have, and `WHOLE` how many that one has: what takes as much to read as it
/// would to write whole is written whole.
///
/// What would be long behind the hash is not there: the packages are numbers that the store knows
/// them by, `NumberRuns`, and so are the roots among them, by their places in the order of those
/// numbers; roots of other names and rules stand behind the hash. `LENGTH` is how many bytes they
/// would have been. So a log stays small however many packages there are. In a log that was written
/// before there were numbers they stand in a list of the store, `list ID LENGTH`, or in itself.
struct GenerationBlock {
    /// What it differs from.
    struct Base: Hashable {
        var at: Int
        var depth: Int
        var different: Int
        var whole: Int
    }

    /// The packages, and the roots among them, where they are numbers.
    struct Known: Hashable {
        var length: Int
        var numbers: String
        var roots: String

        /// Errors: `.malformed` where that is no word for numbers.
        static func read(_ word: String) throws(FileError) -> [Int] {
            guard let numbers = NumberRuns.numbers(word) else {
                throw .malformed("not numbers: \(word.prefix(64))")
            }
            return numbers
        }
    }

    /// The list that it stands in.
    struct List: Hashable {
        var id: ContentID
        var length: Int
    }

    /// More steps than this, and a generation is written whole.
    static let depthLimit = 256
    /// More bytes of packages and roots than these, and they are numbers.
    static let contentLimit = 1024

    var number = 0
    var parent = 0
    /// Where the parent is in the log; nil for one that was forgotten, and of the first.
    var parentAt: Int?
    var base: Base?
    var known: Known?
    var list: List?
    var time: Int64 = 0
    var command = ""
    var hash = ""
    /// What else there is to it, as it stands in the log; see `content`.
    private var rest: ArraySlice<UInt8> = []
    /// The packages of the numbers, and the roots among them, once they were read.
    private var named = Content()
    /// Where it is.
    var place: GenerationPlace?

    init() {}

    /// Reads the lines in front of `line`, which made it, up to its hash.
    ///
    /// Errors: `.malformed` with the line that is wrong.
    init(_ bytes: ArraySlice<UInt8>, _ line: GenerationLine, at place: Int) throws(FileError) {
        rest = bytes
        while hash.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                throw .malformed("generation \(number): no hash")
            }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            // By bytes: of a switch it is done half a dozen times.
            guard line.withUnsafeBytes({ take(head: $0) }) else {
                throw .malformed("generation \(number): \(PathText.display(line))")
            }
        }
        guard list == nil || base == nil && known == nil && rest.isEmpty,
            known == nil || base == nil
        else { throw .malformed("generation \(number): more than it can have") }
        time = line.time
        guard number == line.current, number == line.last, parent < number else {
            throw .malformed("generation \(number): made by line \(line.line)")
        }
        // What is read for another comes before it: there is an end.
        guard base?.at ?? -1 < place, parentAt ?? -1 < place,
            base?.depth ?? 0 <= Self.depthLimit
        else { throw .malformed("generation \(number): of a later one") }
        self.place = self.place(at: place, length: line.length)
    }

    /// Where it is when it is of `length` bytes at `place`.
    func place(at place: Int, length: Int) -> GenerationPlace {
        GenerationPlace(at: place, length: length, base: base, known: known, list: list)
    }

    /// The block with what its numbers, or its list, stand for in it.
    ///
    /// Errors: as of `Store.packages(numbered:)` and `Store.list`.
    func filled(from store: Store) throws(FileError) -> GenerationBlock {
        var block = self
        if let known {
            let packages = try store.packages(numbered: Known.read(known.numbers))
            for place in try Known.read(known.roots) {
                guard place < packages.count else { throw .malformed("no package \(place)") }
                block.named.roots.append(packages[place].name)
            }
            block.named.packages = packages.sorted { $0.id < $1.id }
        }
        guard let list else { return block }
        block.rest = try store.list(list.id, length: list.length)[...]
        return block
    }

    /// What a generation holds, or what it has more and less than another.
    struct Content {
        var roots: [String] = []
        var lostRoots: [String] = []
        var packages: [StoredPackage] = []
        var lostPackages: [StoredPackage] = []
        /// The rules; nil where they are those of the base.
        var rules: [EnvironmentRule]?
    }

    private static let rootWord = Array("root ".utf8)

    /// What stands behind the hash; nothing of numbers or a list that were not read.
    ///
    /// - Complexity: that of all packages that stand there. Errors: `.malformed` with the line
    /// that is wrong.
    func content() throws(FileError) -> Content {
        var content = named
        var text = EnvironmentText()
        var hasRules = false
        var left = rest
        // By bytes: there are as many lines as packages.
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            let line = left[..<end]
            left = left[(end + 1)...]
            if !hasRules, let package = try EnvironmentText.package(line) {
                content.packages.append(package)
                continue
            }
            if !hasRules, line.starts(with: Self.rootWord),
                let root = String(validating: line.dropFirst(Self.rootWord.count), as: UTF8.self)
            {
                content.roots.append(root)
                continue
            }
            guard let line = String(validating: line, as: UTF8.self) else {
                throw .malformed("generation \(number): a line is no text")
            }
            if hasRules {
                do throws(FileError) { try text.take(rule: line) } catch {
                    // To whoever asks for a generation it is one that cannot be read.
                    throw .malformed("generation \(number): \(error.context ?? line)")
                }
                continue
            }
            let parts = line.parts(at: " ", maxSplits: 1)
            let value = parts.count == 2 ? parts[1] : ""
            switch parts.first {
            case "-root": content.lostRoots.append(String(value))
            case "-package":
                guard let lost = try EnvironmentText.package(Array(line.utf8.dropFirst())[...])
                else { throw .malformed("not a package: \(line)") }
                content.lostPackages.append(lost)
            case "rules": hasRules = true
            default: throw .malformed("generation \(number): \(line)")
            }
        }
        if hasRules { content.rules = text.rules }
        return content
    }

    /// Reads one of the lines up to the hash; false for what is none.
    private mutating func take(head line: UnsafeRawBufferPointer) -> Bool {
        var reader = WordReader(line)
        guard let word = reader.word() else { return false }
        // No log is longer.
        func number() -> Int? { reader.number().flatMap { $0 < 1 << 40 ? $0 : nil } }
        func length() -> Int? { number().flatMap { $0 <= GenerationLog.limit ? $0 : nil } }
        switch String(decoding: word, as: UTF8.self) {
        case "generation":
            guard let number = number() else { return false }
            self.number = number
        case "parent":
            guard let parent = number(), let at = number() else { return false }
            (self.parent, parentAt) = (parent, parent > 0 ? at : nil)
        case "forgotten":
            guard let parent = number() else { return false }
            self.parent = parent
        case "base":
            guard let at = number(), let depth = number(),
                let different = number(), let whole = number()
            else { return false }
            base = Base(at: at, depth: depth, different: different, whole: whole)
        case "known":
            guard let length = length(), let numbers = reader.word(), let roots = reader.word()
            else { return false }
            known = Known(
                length: length,
                numbers: String(decoding: numbers, as: UTF8.self),
                roots: String(decoding: roots, as: UTF8.self)
            )
        case "list":
            guard let digits = reader.word(), digits.count == 64,
                let id = ContentID(digits: digits), let length = length()
            else { return false }
            list = List(id: id, length: length)
        case "command":
            guard let text = String(validating: reader.rest(), as: UTF8.self) else { return false }
            command = text
        case "hash":
            let digits = reader.rest()
            guard digits.count == 64, let text = String(validating: digits, as: UTF8.self) else {
                return false
            }
            hash = text
        default: return false
        }
        return reader.isAtEnd
    }

    /// The lines up to the hash.
    var head: [UInt8] {
        var lines = ["generation \(number)"]
        if parent == 0 || parentAt != nil {
            lines.append("parent \(parent) \(parentAt ?? 0)")
        } else {
            lines.append("forgotten \(parent)")
        }
        if let base {
            lines.append("base \(base.at) \(base.depth) \(base.different) \(base.whole)")
        }
        if let known { lines.append("known \(known.length) \(known.numbers) \(known.roots)") }
        let command = PathText.escape(Array(command.utf8)) { $0 < 0x20 || $0 == 0x7f }
        lines.append("command \(String(decoding: command, as: UTF8.self))")
        lines.append("hash \(hash)")
        return Array((lines.inRow("\n") + "\n").utf8)
    }
}
