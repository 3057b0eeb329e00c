import Archive
import FileTree
import NinePClient
package import Terminal
package import UnionTree

/// Where an environment's packages come from, as the command line says it.
package struct EnvironmentSource: Sendable {
    /// What clients attach to; empty for the packages of the command line.
    package var name: String
    /// Packages of stores, in front of those of paths; nil for none.
    package var stored: StoredSelection?
    /// Paths of packages, in the order given: the last is on top in a stack.
    package var paths: [String] = []
    /// A folder whose files and directories are the packages; see `FolderEnvironment`.
    package var folder: String?
    /// How the packages are joined.
    package var rules = UnionRules()
    /// What was said of how they are joined, in the words of the command line.
    package var options: [String] = []
    /// What lies below them: a directory of the host, or `9p!ADDRESS[!ANAME]`.
    package var base: String?
    /// How many seconds a server below may be silent; nil for the usual.
    package var patience: Int?

    /// The option of the command by which rules are given, for who has to give one.
    package var optionName = "-o"
    /// The options of the command that say which stores, for who has to change what is in them.
    package var storeOptions: [String] = []
    /// The file that says the rules, for who has to write one; nil where options do.
    var rulesFile: String?
    /// Whether the options of the command line are for it.
    private(set) var takesOptions = true

    /// The name by which the control files know the packages of the command line.
    package static let unnamed = "default"

    /// Checks a name that an environment is to have.
    package static func check(name: String) throws(Complaint) {
        guard PackageName.isLegal(name), name != ViewName.control, name != unnamed else {
            throw Complaint("-e \(name): not a name for an environment", status: 2)
        }
    }

    /// Makes the environment of the command line.
    package init(
        packages: [String],
        rules: UnionRules,
        options: [String] = [],
        base: String?,
        patience: Int? = nil
    ) {
        name = ""
        paths = packages
        self.rules = rules
        self.options = options
        self.base = base
        self.patience = patience
    }

    /// Makes that of packages of stores, and of paths that lie beside them.
    package init(_ stored: StoredSelection, paths: [String], base: String?) {
        self.init(packages: paths, rules: UnionRules(), base: base)
        name = stored.name
        self.stored = stored
    }

    /// Makes that of a state of an environment, which has its packages at these paths.
    init(stored name: String, _ paths: [String], _ text: EnvironmentText) {
        self.name = name
        self.paths = paths
        options = text.rules(besides: []).compactMap(\.option)
    }

    /// Reads `NAME=PACKAGE,PACKAGE...` or `NAME=dir:FOLDER`.
    package init(option text: String) throws(Complaint) {
        let parts = text.parts(at: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let cure = "pakfs -e NAME, -e NAME=PACKAGE[,PACKAGE]... or -e NAME=dir:FOLDER"
        guard parts.count == 2, !parts[1].isEmpty else {
            throw Complaint("-e \(text): a name, = and packages are needed", try: cure, status: 2)
        }
        name = String(parts[0])
        takesOptions = false
        try Self.check(name: name)
        if parts[1].utf8.starts(with: "dir:".utf8) {
            folder = String(decoding: parts[1].utf8.dropFirst(4), as: UTF8.self)
        } else {
            paths = parts[1].parts(at: ",").map(String.init)
        }
    }
}

extension EnvironmentSource {
    /// Takes the `-o wait=SECONDS` of the command line, which is for another server as the base;
    /// nil when it is another option.
    package static func patience(option: String, _ base: String?) throws(Complaint) -> Int? {
        guard option.utf8.starts(with: "wait=".utf8) else { return nil }
        guard let base, RemoteAddress.isMeant(by: base) else {
            throw Complaint(
                "-o \(option): there is no other server",
                try: "pakfs -b 9p!ADDRESS -o \(option)",
                status: 2
            )
        }
        guard let seconds = Int(option.dropFirst(5)), (1...86_400).contains(seconds),
            option.dropFirst(5).first != "+"
        else {
            throw Complaint(
                "-o \(option): seconds are needed, 1 to 86400",
                try: "-o wait=60",
                status: 2
            )
        }
        return seconds
    }
}

extension UnionRules {
    /// Takes one `-o` of the command line.
    package mutating func take(option: String) throws(Complaint) {
        if option == "stack" {
            mode = .stack
            return
        }
        let parts = option.parts(at: "=", maxSplits: 1)
        // The name of a package, before or behind it, has no colon; what is a path may have.
        let value = parts.count == 2 ? parts[1] : ""
        let colon =
            parts.first == "prefer"
            ? value.utf8.lastIndex(of: UInt8(ascii: ":"))
            : value.utf8.firstIndex(of: UInt8(ascii: ":"))
        guard let colon, colon != value.startIndex, value.utf8.index(after: colon) != value.endIndex
        else {
            throw Complaint(
                "-o \(option): not an option",
                try: "pakfs -o stack, prefer=PATH:NAME, block=NAME:PATH or alias=A:B",
                status: 2
            )
        }
        let first = String(value[..<colon])
        let second = String(value[value.utf8.index(after: colon)...])
        do throws(FileError) {
            switch parts[0] {
            case "prefer": try prefer(Self.bytes(first), second)
            case "block": try block(first, Self.bytes(second))
            case "alias": try alias(Self.bytes(first), Self.bytes(second))
            default: throw FileError(.invalid, "no such rule")
            }
        } catch {
            throw Complaint("-o \(option)", error, status: 2)
        }
    }

    /// The bytes of a path in which %XX is a byte.
    private static func bytes(_ path: String) throws(FileError) -> [UInt8] {
        guard let bytes = PathText.strictlyUnescape(path.utf8) else {
            throw FileError(.invalid, "\(path): % without two hexadecimal digits")
        }
        return bytes
    }
}
