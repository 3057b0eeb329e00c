public import FileTree

/// The rules by which packages become one tree: how they lie, and the answers to conflicts.
public struct UnionRules: Sendable, Hashable {
    /// How the packages lie.
    public enum Mode: String, Sendable, Hashable {
        /// Beside each other, in no order: what they disagree in is refused.
        case set
        /// Over each other, the last on top, as the layers of an image: the top one wins.
        case stack
    }

    /// One package's file is taken where a pattern of paths is fought over.
    struct Preference: Sendable, Hashable {
        var pattern: [UInt8]
        var package: String
    }

    /// One path of one package is left out, with all below it.
    struct Block: Sendable, Hashable {
        var package: String
        var path: UnionPath
    }

    /// One path stands for another in every package.
    struct Alias: Sendable, Hashable {
        var from: UnionPath
        var to: UnionPath
    }

    /// How the packages lie.
    public var mode: Mode
    private(set) var preferences: [Preference] = []
    private(set) var blocks: [Block] = []
    private(set) var aliases: [Alias] = []

    /// Makes rules without answers.
    public init(mode: Mode = .set) { self.mode = mode }

    /// Takes `package`'s file wherever a path that `pattern` covers is fought over.
    ///
    /// `*`, `?` and `[a-z]` stand for bytes of one name, `**` for several names. The first rule
    /// that covers a path and names one of the owners counts.
    public mutating func prefer(_ pattern: [UInt8], _ package: String) throws(FileError) {
        guard !pattern.isEmpty, !package.isEmpty else {
            throw FileError(.invalid, "prefer: a path and a package's name are needed")
        }
        preferences.append(Preference(pattern: pattern, package: package))
    }

    /// Leaves `path` of `package` out, with all below it.
    public mutating func block(_ package: String, _ path: [UInt8]) throws(FileError) {
        let path = try UnionPath(path)
        guard !path.names.isEmpty, !package.isEmpty else {
            throw FileError(.invalid, "block: a package's name and a path are needed")
        }
        blocks.append(Block(package: package, path: path))
    }

    /// Puts what packages have below `from` below `to`, and shows `from` as a link to it.
    ///
    /// Errors: `.invalid` when one lies in the other, or `from` has an alias already.
    public mutating func alias(_ from: [UInt8], _ to: [UInt8]) throws(FileError) {
        try add(Alias(from: UnionPath(from), to: UnionPath(to)))
    }

    mutating func add(_ alias: Alias) throws(FileError) {
        let text = "alias \(alias.from) \(alias.to)"
        guard !alias.from.names.isEmpty, !alias.to.starts(with: alias.from),
            !alias.from.starts(with: alias.to) || alias.to.names.isEmpty
        else { throw FileError(.invalid, "\(text): one lies in the other") }
        guard !aliases.contains(where: { $0.from == alias.from && $0.to != alias.to }) else {
            throw FileError(.invalid, "\(text): there is another for the same path")
        }
        guard !aliases.contains(alias) else { return }
        aliases.append(alias)
    }

    /// The packages that rules name, sorted.
    public var packages: [String] {
        Set(preferences.map(\.package) + blocks.map(\.package)).sorted()
    }

    /// The rules without the answers to conflicts.
    var withoutAnswers: UnionRules {
        var rules = self
        rules.preferences = []
        rules.blocks = []
        return rules
    }

    /// The rules without those about packages that are not there.
    func limited(to names: Set<String>) -> UnionRules {
        var rules = self
        rules.blocks.removeAll { !names.contains($0.package) }
        return rules
    }
}
