public import FileTree

/// What is to become of changed paths, by rules of which the last that covers a path counts.
///
/// As text a rule is a line, `keep|drop|scratch|through|deny PATTERN`; see `PathPattern` for the
/// patterns. Empty lines and those that begin with `#` say nothing. A path that no rule covers is
/// kept.
public struct Rules: Sendable, Hashable {
    /// What becomes of a path.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// It is part of the layer and of what is exported.
        case keep
        /// It is part of the layer, but not exported.
        case drop
        /// It is kept in memory and gone at the end.
        case scratch
        /// It is the real file of the host.
        case through
        /// It cannot be changed.
        case deny
    }

    /// One rule.
    public struct Rule: Sendable, Hashable {
        /// What becomes of the paths.
        public var action: Action
        /// The paths.
        public var pattern: PathPattern

        /// Makes a rule.
        public init(_ action: Action, _ pattern: PathPattern) {
            self.action = action
            self.pattern = pattern
        }

        /// Reads one line, without its end.
        ///
        /// Errors: `.invalid` with what is wrong.
        public init(line: some Collection<UInt8>) throws(FileError) {
            let line = Array(line)
            let words = line.split(separator: UInt8(ascii: " "))
            guard let word = words.first else { throw FileError(.invalid, "an empty rule") }
            let name = String(decoding: word, as: UTF8.self)
            guard let action = Action(rawValue: name) else {
                let known = Action.allCases.map(\.rawValue).joined(separator: ", ")
                throw FileError(.invalid, "\(Self.shown(word)): no rule; there are \(known)")
            }
            guard words.count == 2 else {
                let reason =
                    words.count < 2 ? "needs a pattern" : "takes one pattern (a space is %20)"
                throw FileError(.invalid, "\(name): \(reason)")
            }
            do throws(FileError) {
                try self.init(action, PathPattern(words[1]))
            } catch {
                throw error.at(name)
            }
        }

        /// The line, without its end.
        public var line: [UInt8] { Array("\(action.rawValue) ".utf8) + pattern.text }

        private static func shown(_ word: some Collection<UInt8>) -> String {
            PathPattern.display(word)
        }
    }

    /// The rules in their order.
    public private(set) var list: [Rule] = []

    /// Whether the last of them are these, in this order.
    public func ends(with others: Rules) -> Bool {
        list.suffix(others.list.count).elementsEqual(others.list)
    }

    /// Makes a list without rules: everything is kept.
    public init() {}

    /// Reads rules, a line each.
    ///
    /// Errors: `.invalid` with the number of the line and what is wrong with it.
    public init(text: some Collection<UInt8>) throws(FileError) {
        try append(text: text)
    }

    /// Adds the rules of a text behind those there are; none of them when it throws.
    ///
    /// Errors: `.invalid` with the number of the line and what is wrong with it.
    public mutating func append(text: some Collection<UInt8>) throws(FileError) {
        var added: [Rule] = []
        let lines = Array(text).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        for (number, line) in lines.enumerated() {
            let line = line.drop { $0 == UInt8(ascii: " ") }
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            do throws(FileError) {
                added.append(try Rule(line: line))
            } catch {
                throw error.at("rules: line \(number + 1)")
            }
            guard list.count + added.count <= Self.limit else {
                throw Self.tooMany.at("rules: line \(number + 1)")
            }
        }
        list += added
    }

    /// Adds a rule behind those there are.
    public mutating func append(_ rule: Rule) { list.append(rule) }

    /// The most rules that there may be.
    public static var limit: Int { 4096 }

    /// The error of one rule more.
    public static var tooMany: FileError { FileError(.invalid, "over \(limit) rules") }

    /// The rules as text.
    public var text: [UInt8] { list.flatMap { $0.line + [UInt8(ascii: "\n")] } }

    /// What becomes of `path`, whose components are parted by `/`, none in front.
    public func action(for path: [UInt8]) -> Action {
        for rule in list.reversed() where rule.pattern.covers(path) { return rule.action }
        return .keep
    }

    /// Whether nothing at or below `path` is exported, whatever it is called.
    func leavesOutAll(below path: [UInt8]) -> Bool {
        for rule in list.reversed() {
            // What lies below a covered path is covered as well, or by a later rule.
            if rule.action == .keep { return false }
            if rule.pattern.covers(path) { return true }
        }
        return false
    }

    /// Whether `path` is exported when it has changed.
    public func exports(_ path: [UInt8]) -> Bool { action(for: path) == .keep }

    /// What every layer begins with: what a running system keeps for itself, and what editors and
    /// network file systems leave behind, is not exported.
    public static let defaults: Rules = {
        var rules = Rules()
        for folder in ["tmp", "var/tmp", "dev", "proc", "sys", "run", "env"] {
            rules.append(Rule(.drop, PathPattern(folder: Array(folder.utf8))))
        }
        for name in ["*~", "#*#", ".#*", ".*.sw[op]", ".nfs*", ".fuse_hidden*"] {
            rules.append(Rule(.drop, PathPattern(name: Array(name.utf8))))
        }
        return rules
    }()
}
