import Archive
package import FileTree
package import UnionTree

/// What a client names at attach: `ENVIRONMENT[@GENERATION][:OPTION]...`.
///
/// Options stand behind colons because Linux cuts the list of mount options at every comma.
package struct ViewName: Sendable, Hashable {
    /// The environment; empty for the packages of the command line.
    package var environment = ""
    /// The number of a generation, or the first digits of the hash of what the view must hold; nil
    /// for whatever it holds.
    package var generation: String?
    /// Whether what is seen never changes; else it goes with what the environment holds.
    package var isPinned = false
    /// The packages to be seen; all of them when there is none.
    package var only: [String] = []
    /// The directory to start from, in raw bytes; empty for the root.
    package var sub: [UInt8] = []
    /// The layer that takes changes; nil for a view that takes none.
    package var capture: String?
    /// The name in the root under which the control tree is seen; nil for none.
    package var controlName: String?
    /// How links are shown to clients that know none.
    package var links = LinkView.follow
    /// Whether device nodes are shown.
    package var showsDevices = false
    /// Whether set-id bits are shown.
    package var keepsSetID = false

    /// The view of the packages of the command line, without options.
    package static let whole = ViewName()

    private init() {}

    /// The view that a layer lies over.
    package init(_ base: LayerBase) {
        environment = base.environment
        only = base.only
        sub = base.sub
        showsDevices = base.shows.contains("dev")
        keepsSetID = base.shows.contains("suid")
    }

    /// What a union is asked for.
    ///
    /// Errors: `.illegalName` for a `sub` that is no path.
    package func options() throws(FileError) -> ViewOptions {
        var options = ViewOptions()
        options.only = only
        options.sub = try UnionPath(sub)
        options.showsDevices = showsDevices
        options.keepsSetID = keepsSetID
        return options
    }

    /// The name of the control tree.
    package static let control = "ctl"

    /// Reads an aname.
    ///
    /// Errors: `.notFound` for what cannot be the name of anything, `.invalid` for an option that
    /// is not understood.
    package init(_ text: String) throws(FileError) {
        var parts = text.parts(at: ":", omittingEmptySubsequences: false)[...]
        var name = parts.removeFirst()
        if name == "/" { name = "" }
        if let at = name.utf8.firstIndex(of: UInt8(ascii: "@")) {
            let hash = name[name.utf8.index(after: at)...]
            // Hashes are longer than numbers: eight digits and more are a hash's.
            let isNumber = hash.utf8.count < 8 && Int(hash).map { $0 > 0 } == true
            let isHash =
                hash.utf8.count >= 8 && hash.allSatisfy { "0123456789abcdef".contains($0) }
            guard isNumber && hash.first != "+" || isHash else {
                throw FileError(.notFound, "\(text): no generation \(hash)")
            }
            generation = String(hash)
            isPinned = true
            name = name[..<at]
        }
        guard name.isEmpty || PackageName.isLegal(name) else { throw FileError(.notFound, text) }
        environment = String(name)
        for part in parts { try read(part, of: text) }
        guard environment != Self.control || parts.isEmpty && generation == nil else {
            throw FileError(.invalid, "\(text): the control tree takes no options")
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        Array(text.utf8).withUnsafeBytes { FileName.isLegal($0) }
    }

    private mutating func read(_ option: Substring, of text: String) throws(FileError) {
        let parts = option.parts(at: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            switch option {
            case "dev": showsDevices = true
            case "suid": keepsSetID = true
            // What is of no store never changes, asked for or not: a new table is a new tree.
            case "pinned": isPinned = true
            case "live" where generation == nil: isPinned = false
            default: throw FileError(.invalid, "\(text): \(option)")
            }
            return
        }
        if parts[0] == "only", !parts[1].isEmpty {
            only.append(String(parts[1]))
        } else if parts[0] == "capture", PackageName.isLegal(parts[1]), capture == nil {
            capture = String(parts[1])
        } else if parts[0] == "ctl", controlName == nil, Self.isName(parts[1]) {
            controlName = String(parts[1])
        } else if parts[0] == "links", let view = LinkView(rawValue: String(parts[1])) {
            links = view
        } else if parts[0] == "sub", let bytes = PathText.strictlyUnescape(parts[1].utf8) {
            sub = bytes
        } else {
            throw FileError(.invalid, "\(text): \(option)")
        }
    }
}
