import Archive
import Environments
import FUSEServer
import FileTree
import Glibc
import Namespaces
import Terminal
import UnionTree

/// A command in a view of packages, which this process serves until the command has ended.
struct ViewRun {
    private let choice: ViewChoice
    private let hidden: HiddenNames
    /// What is the host's own whatever packages have there, and what the user named.
    private let bindings: [Binding]
    private let command: Command

    private var environment: Environment { choice.environment }

    /// Readies a command; `words` are it and its choice.
    init(_ choice: ViewChoice, _ words: [[UInt8]]) throws(Complaint) {
        self.choice = choice
        // At a directory of its own the disk is served with the packages.
        try Binding.check(choice.borders.bindings)
        let shines = choice.at == nil ? try Self.shines(choice.environment) : []
        bindings = shines + choice.borders.bindings
        try Binding.checkPlaces(bindings)
        do throws(FileError) { hidden = try HiddenNames(choice.environment) } catch {
            throw Complaint("what packages remove: \(error)")
        }
        if choice.via == .ninep, let path = hidden.paths.first {
            let name = String(decoding: path, as: UTF8.self)
            throw Complaint(
                "--via 9p cannot hide what packages remove: \(name)",
                try: "--via fuse or --via overlay"
            )
        }
        // A command that works on what is around it must not do so elsewhere.
        let isNeeded = !choice.pure && choice.base == nil
        var command = Command(
            words,
            environment: Self.variables(choice.environment.title),
            directory: isNeeded
                ? try HostNames.neededWorkingDirectory() : HostNames.workingDirectory
        )
        command.needsDirectory = isNeeded
        self.command = command
    }

    /// The variables of this process, and the name of the view.
    static func variables(_ title: [String]) -> [[UInt8]] {
        HostNames.environment.filter { !$0.starts(with: "PAK_VIEW=".utf8) }
            + [Array("PAK_VIEW=\(title.inRow(" "))".utf8)]
    }

    /// The folders of the disk that the environment shows in the place of packages.
    private static func shines(_ environment: Environment) throws(Complaint) -> [Binding] {
        try environment.shines.map { (shine) throws(Complaint) in
            do throws(FileError) {
                let folder = try shine.hostFolder()
                // A folder that a server would not show is not shown here either. It is opened by
                // its name again, with no more rights than the command itself has.
                _ = try shine.open()
                return Binding(
                    folder: folder,
                    at: "/" + PathBytes(shine.path.bytes)
                )
            } catch {
                let words =
                    ["pak", "shine", "-e", environment.name] + environment.source.storeOptions
                let command = words.map { ShellWord.quoted($0) }.inRow(" ")
                let path = ShellWord.quoted("\(shine.path)")
                throw Complaint(
                    "shine \(shine.path): \(error)",
                    try: "\(command) --copy \(path), or \(command) --not \(path)"
                )
            }
        }
    }

    /// Makes the view by the first way that can be had, and waits for the command's end.
    func run() throws(Complaint) -> Ending {
        var first: (way: ViewArguments.Way, error: FileError)?
        for (way, servesWhole) in ways {
            // What else is wrong is so the other way, too.
            if way == .overlay, let first, !ViewFailure.isOfFUSE(first.error) { break }
            do throws(FileError) {
                let process = try start(way, servesWhole)
                if let error = process.directoryError {
                    choice.borders.remark("\(error): in / instead")
                }
                return process.wait()
            } catch {
                choice.borders.remark("\(way.rawValue): \(error)")
                if first == nil { first = (way, error) }
            }
        }
        guard let first else { throw Complaint("no view") }
        throw ViewFailure.complaint(first.error, first.way)
    }

    /// The ways to be tried, the best first.
    private var ways: [(way: ViewArguments.Way, servesWhole: Bool)] {
        // What packages hide of the host no overlay of ours can say.
        let isWhole = environment.tree.hidesNamesOfBase && environment.below != nil
        let ways: [ViewArguments.Way]
        if let via = choice.via {
            ways = [via]
        } else if access("/dev/fuse", R_OK | W_OK) == 0 {
            // One that opens may still not be mounted.
            ways = [.fuse, .overlay]
        } else {
            choice.borders.remark("/dev/fuse is closed: the packages are written into memory")
            ways = [.overlay]
        }
        return ways.flatMap { way in
            switch way {
            case .fuse where environment.below != nil:
                isWhole ? [(way, true)] : [(way, false), (way, true)]
            default: [(way, false)]
            }
        }
    }

    /// Starts the view, without the user's subordinate ids where those cannot be had.
    private func start(
        _ way: ViewArguments.Way,
        _ servesWhole: Bool
    ) throws(FileError) -> ViewProcess {
        let identity: View.Identity =
            choice.borders.makesRoot ? .rootWithSubordinates : .kept
        do throws(FileError) {
            return try start(way, servesWhole: servesWhole, identity)
        } catch {
            guard identity.isRefused(by: error) else { throw error }
            choice.borders.remark("\(error): without subordinate ids")
            return try start(way, servesWhole: servesWhole, .root())
        }
    }

    private func start(
        _ way: ViewArguments.Way,
        servesWhole: Bool,
        _ identity: View.Identity
    ) throws(FileError) -> ViewProcess {
        let hasUsers = !View.isPrivileged
        let alone = try choice.at.map { (_) throws(FileError) in
            try MountedTree(choice.live.map { .live($0) } ?? .packages(environment))
        }
        guard way == .fuse || alone?.isWritable != true else {
            throw FileError(.unsupported, "where the disk is to be seen in the packages")
        }
        let packages =
            if let alone { alone.attachment } else { try attachment(hidesBase: true) }
        let socket: NinePSocket? = way == .ninep ? try NinePSocket(packages) : nil
        let source: ViewLayout.Source =
            switch way {
            case .fuse: .device(isWritable: alone?.isWritable == true)
            case .overlay: .folder
            case .ninep: .mount(socket: socket?.path ?? "", data: NinePSocket.data)
            }
        // Until the view stands the kernel looks for the socket by its name.
        defer { withExtendedLifetime(socket) {} }
        var layout = try ViewLayout(
            packages.root,
            source,
            servesWhole: servesWhole,
            bindings: bindings,
            hidden: hidden,
            hasUsers: hasUsers
        )
        if choice.pure {
            try layout.showAlone()
        } else if let at = choice.at {
            try layout.putAt(at)
        } else {
            try layout.layOver(choice.base ?? "/")
            let own = [command.directory, HostNames.variableBytes("HOME") ?? []]
            if choice.base == nil { try layout.keep(own.map { PathBytes($0) }) }
        }
        layout.bindAll()
        let places =
            choice.pure
            ? "alone"
            : choice.at.map { "at \($0)" }
                ?? (layout.over.isEmpty
                    ? "over nothing" : "over \(layout.over.listed())")
        let whole = layout.hasWhole ? ", served with the host's files" : ""
        choice.borders.remark("view: packages by \(way.rawValue), \(places)\(whole)")
        for path in layout.withoutPackages {
            choice.borders.remark("\(path): the host's own, without what packages have there")
        }
        let handed = layout.handed
        return try ViewProcess.start(
            view(layout.steps, identity),
            command,
            handed: { (step, descriptor) throws(FileError) in
                switch handed[step] {
                case .packages: try serve(packages, descriptor, isFixed: true, alone)
                case .whole:
                    try serve(attachment(hidesBase: false), descriptor, isFixed: false)
                case .folder:
                    let base = choice.base ?? ""
                    try Self.fill(descriptor, packages.root, hiding: hidden.paths, of: base)
                case nil: close(descriptor)
                }
            },
            answer: { _ throws(FileError) in throw FileError(.readOnly) }
        )
    }

    private func view(_ steps: [Step], _ identity: View.Identity) -> View {
        var spaces: View.Spaces = []
        if choice.pure { spaces.formUnion([.processes, .ipc, .hostName]) }
        if choice.borders.noNet { spaces.insert(.network) }
        return View(
            steps: steps,
            identity: identity,
            spaces: spaces,
            answered: identity.answered
        )
    }

    /// The packages, alone or over what they lie over.
    private func attachment(hidesBase: Bool) throws(FileError) -> Attachment {
        var options = ViewOptions()
        options.hidesBase = hidesBase
        return try environment.attach(options)
    }

    private func serve(
        _ attachment: Attachment,
        _ descriptor: Int32,
        isFixed: Bool,
        _ tree: MountedTree? = nil
    ) throws(FileError) {
        var options = FUSEServer.Options()
        options.caching = tree?.isKept ?? isFixed ? .endless : .seconds(1)
        options.isWritable = tree?.isWritable == true
        let complain: @Sendable (String) -> Void = {
            Stream.standardError.write("pak: \(Visible.text($0))\n")
        }
        if choice.borders.verbose { options.log = complain }
        let log = options.log
        let server = FUSEServer(attachment, descriptor: descriptor, options: options)
        try Worker.start {
            do throws(FileError) { try server.run() } catch { log("\(error)") }
        }
        tree?.watch(log, complain)
        try tree?.follow(server, log, complain)
    }

    /// Writes the packages into a directory of the view, with marks that hide paths of `base`, and,
    /// where what is changed is read back, those that this takes.
    static func fill(
        _ descriptor: Int32,
        _ root: any Directory,
        hiding paths: [[UInt8]] = [],
        of base: String = "",
        for users: ViewUsers? = nil,
        isChanged: Bool = false
    ) throws(FileError) {
        defer { close(descriptor) }
        let draft = try Draft(tree: root)
        // The dot leads to the directory itself, which links to descriptors do not.
        let path = "/proc/self/fd/\(descriptor)/."
        _ = try DirectoryOutput().write(draft, to: path, Archive.OutputOptions())
        if isChanged { try OverlayPlaceholder.mark(draft, below: path, for: users) }
        try Whiteouts.make(paths, in: descriptor, over: base)
        try users?.give(draft.members, in: descriptor)
    }
}

extension ViewUsers {
    /// Gives files that were written below an open directory to those whose they are.
    func give(_ members: [Member], in directory: Int32) throws(FileError) {
        try give(members.map { ($0.path, $0.uid, $0.gid, $0.permissions) }, in: directory)
    }
}
