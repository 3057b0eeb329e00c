public import Archive
public import FileTree

/// What packages, or a package and a rule, disagree in: a path, all sides, and the ways out.
///
/// Its description is some lines of text for people.
public struct Conflict: Sendable, Hashable {
    /// What the disagreement is about.
    public enum Kind: String, Sendable, Hashable {
        /// Two files of one type that differ in their bytes, target, mode, owner or attributes.
        case file
        /// Files of different types, a directory and a link among them.
        case type
        /// A shared directory's mode, owner or attributes.
        case dirmeta
        /// Something stands where an alias is, or a link of the base leaves the base.
        case alias
        /// A hole, or an opaque directory, that hides nothing.
        case hole
    }

    /// One package's opinion.
    public struct Side: Sendable, Hashable {
        /// The package's name.
        public var package: String
        /// The package's identity.
        public var id: ContentID
        /// What it has at the path; nil where it has nothing.
        public var mode: Mode?
        /// The owner's number.
        public var uid: UInt32 = 0
        /// The group's number.
        public var gid: UInt32 = 0
        /// Bytes of a regular file.
        public var size: UInt64 = 0
        /// The bytes' SHA-256; computed only where another side has a file of the same size.
        public var hash: ContentID?
        /// Where a symbolic link leads.
        public var target: [UInt8]?
    }

    /// What it is about.
    public var kind: Kind
    /// Where it is.
    public var path: UnionPath
    /// All opinions, by the packages' names.
    public var sides: [Side]
    /// What was found, where `kind` and `sides` do not say it; a clause without a full stop.
    public var detail: String?

    init(_ kind: Kind, _ path: UnionPath, _ sides: [Side], detail: String? = nil) {
        self.kind = kind
        self.path = path
        self.sides = sides.sorted { ($0.package, $0.id) < ($1.package, $1.id) }
        self.detail = detail
    }

    /// What would settle it, each as the words of a rule: `prefer PATH NAME`, `block NAME PATH`,
    /// or `replace NAME` in a package's manifest.
    public var waysOut: [String] {
        guard let first = sides.first?.package else { return [] }
        let other = sides.dropFirst().first?.package
        switch (kind, other) {
        case (.hole, _): return ["block \(first) \(path)", "leave \(first) out"]
        case (.alias, _): return ["block \(first) \(path)", "leave \(first) out"]
        case (.dirmeta, _), (_, nil): return ["prefer \(path) \(first)", "leave \(first) out"]
        case (_, let other?):
            return [
                "prefer \(path) \(first)", "block \(other) \(path)",
                "replace \(other) in \(first)'s manifest",
            ]
        }
    }
}

extension Conflict: Comparable {
    /// Before, by path and then by kind.
    public static func < (a: Conflict, b: Conflict) -> Bool {
        a.path == b.path ? a.kind.rawValue < b.kind.rawValue : a.path < b.path
    }
}

extension Conflict: CustomStringConvertible {
    /// The path and what it is about, a line for each side, and a line of ways out.
    public var description: String {
        let about =
            switch kind {
            case .file: "packages have different files"
            case .type: "packages have different types of file"
            case .dirmeta: "packages give a directory different attributes"
            case .alias: "it is in the way of an alias"
            case .hole: "a hole hides nothing"
            }
        let lines = sides.map { "    \($0)" }
        let ways = "    try: " + waysOut.joined(separator: " | ")
        return (["\(path): \(detail ?? about)"] + lines + [ways]).joined(separator: "\n")
    }
}

extension Conflict.Side: CustomStringConvertible {
    /// One line: owner, type, mode, size, and the hash or target where there is one.
    public var description: String {
        guard let mode else { return package }
        var words = [package, type, "0" + String(mode.permissions, radix: 8), "\(uid):\(gid)"]
        if mode.type == .regular { words.append("\(size) bytes") }
        if let hash { words.append("sha256 \(hash)") }
        if let target { words.append("-> \(PathText.text(target))") }
        return words.joined(separator: " ")
    }

    /// The type of file in one word; `none` where the package has nothing at the path.
    public var type: String { mode?.type.word ?? "none" }
}
