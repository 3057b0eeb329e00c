import ArgumentParser
import Environments
import FileTree
import Glibc
import Terminal

/// Packages and what they lie over, as the command line says it.
struct ViewTrees: ParsableArguments {
    @OptionGroup var packages: PackageOptions

    @Flag(help: "The packages alone, over nothing of the host.")
    var pure = false

    @Option(
        help: ArgumentHelp("A directory of the host to stand for its root.", valueName: "dir"),
        completion: .directory
    )
    var base: String?

    func validate() throws {
        if pure, base != nil { throw ValidationError("--pure: not with --base") }
    }

    /// The directory of the host that stands for its root, by the name that its mounts are told
    /// with, or a server.
    var root: String? { base.map(TextFile.absolute) }

    /// The packages over what they are to lie over, or over nothing; `usual` as `PackageOptions`
    /// has it.
    func environment(usual: Bool, isAlone: Bool = false) throws(Complaint) -> Environment {
        try packages.environment(over: pure || isAlone ? nil : root ?? "/", usual: usual)
    }
}

/// What a view is made of, as the command line says it.
struct ViewArguments: ParsableArguments {
    @OptionGroup var trees: ViewTrees

    @Option(
        help: ArgumentHelp("Show the packages there, and not over the root.", valueName: "dir"),
        completion: .directory
    )
    var at: String?

    @OptionGroup var borders: ViewBorders

    @Option(help: ArgumentHelp("How files get there: fuse, overlay or 9p.", valueName: "way"))
    var via: Way?

    /// How files of packages get into a view.
    enum Way: String, ExpressibleByArgument, CaseIterable {
        /// Served through /dev/fuse.
        case fuse
        /// Written into memory first.
        case overlay
        /// Served to the kernel's 9P client.
        case ninep = "9p"

        // The parser's own has every name looked for among all that can be described.
        static var allValueStrings: [String] { allCases.map(\.rawValue) }
    }

    func validate() throws {
        if trees.pure, at != nil { throw ValidationError("--pure: not with --at") }
        if trees.base != nil, at != nil { throw ValidationError("--at: not with --base") }
        if let at, !at.utf8.starts(with: "/".utf8) {
            throw ValidationError("--at \(at): an absolute path is needed")
        }
    }

    /// What they choose, with the packages open.
    func choice(usual: Bool) throws(Complaint) -> ViewChoice {
        let live = at == nil ? nil : try trees.packages.live(usual: usual)
        // Opened once: what is looked at here is what is shown at first.
        let environment =
            if let live {
                Environment(live.name, live.current, isCurrent: true)
            } else {
                try trees.environment(usual: usual, isAlone: at != nil)
            }
        return ViewChoice(
            environment: environment,
            live: live,
            pure: trees.pure,
            at: at.flatMap { ArgumentBytes.values(of: "--at", [$0]).last },
            base: trees.root,
            via: via,
            borders: borders.choice
        )
    }
}

/// What of the host is seen in a view, and who the command is there.
struct ViewBorders: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Show a of the host as b, or as what it is.", valueName: "a[:b]"),
        completion: .file()
    )
    var bind: [String] = []

    @Flag(name: .customLong("no-net"), help: "No network but the loopback.")
    var noNet = false

    @Flag(name: .customLong("fake-root"), help: "Be root in the view.")
    var fakeRoot = false

    @Flag(name: .shortAndLong, help: "Say how the view is made.")
    var verbose = false

    func validate() throws {
        for text in bind {
            guard let pair = Binding(PathBytes(text)), pair.target.hasPrefix("/")
            else {
                throw ValidationError("--bind \(text): an absolute path in the view is needed")
            }
        }
    }

    /// What they choose.
    var choice: ViewChoice.Borders {
        ViewChoice.Borders(
            bindings: ArgumentBytes.values(of: "--bind", bind).compactMap(Binding.init),
            noNet: noNet,
            makesRoot: fakeRoot && geteuid() != 0,
            verbose: verbose
        )
    }
}

/// A file or directory of the host that is shown in a view under a name.
struct Binding {
    /// Its path on the host.
    var source: PathBytes
    /// Its path in the view, from the root.
    var target: PathBytes

    /// Shows a folder of the host at a path of the view.
    init(folder: String, at path: PathBytes) {
        source = PathBytes(folder)
        target = path
    }

    /// Complains of what the host does not have.
    static func check(_ bindings: [Binding]) throws(Complaint) {
        for binding in bindings where HostNames.kind(binding.source) == nil {
            let error = FileError(.notFound, "--bind \(binding.source)")
            throw Complaint(error, try: "--bind SOURCE[:TARGET], of what is there", status: 125)
        }
    }

    /// Complains of one that is to be seen in another, which has no place for it: what is shown
    /// there is the disk, where nothing is made.
    static func checkPlaces(_ bindings: [Binding]) throws(Complaint) {
        for (number, binding) in bindings.enumerated() {
            let names = binding.target.names
            let outer = bindings[..<number].last { outer in
                let above = outer.target.names
                return above.count < names.count && names.starts(with: above)
            }
            guard let outer else { continue }
            let rest = names.dropFirst(outer.target.names.count)
            let place = rest.reduce(outer.source) { $0 + "/" + $1 }
            let isFolder = HostNames.isFolder(binding.source)
            if HostNames.kind(place) != nil, HostNames.isFolder(place) == isFolder { continue }
            let word = isFolder ? "directory" : "file"
            throw Complaint(
                "\(binding.target): \(binding.source) is not seen there: \(place) is no \(word)",
                try: isFolder ? "mkdir -p '\(place)'" : "touch '\(place)'",
                status: 125
            )
        }
    }

    /// Reads `SOURCE[:TARGET]`; nil where a side is empty.
    init?(_ text: PathBytes) {
        let parts = text.bytes.split(
            separator: UInt8(ascii: ":"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let first = parts.first, !first.isEmpty, parts.last?.isEmpty == false else {
            return nil
        }
        let slash = UInt8(ascii: "/")
        let named = PathBytes(first)
        source =
            first.first == slash ? named : "\(PathBytes(HostNames.workingDirectory))/\(named)"
        // As it was named: what is a link on the host may be none in the view.
        target = parts.count == 2 ? PathBytes(parts[1]) : source
    }
}
