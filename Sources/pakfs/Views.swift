import Archive
import CaptureTree
import Environments
import FileTree
import NinePServer
import Synchronization
import Terminal
import UnionTree

/// All that a pakfs serves: each environment's tree by its name, and the control tree.
///
/// A reread makes new environments beside the old and then puts them in their place at once; who
/// attached before goes on with what was there. No lock is held while packages are read.
final class Views: Tree {
    private let sources: [EnvironmentSource]
    private let opener: PackageOpener
    /// The environments of stores.
    private let stored: [StoredEnvironment]
    /// The environments of folders.
    private let folders: [FolderEnvironment]
    private let events = ControlEvents()
    /// Where changes go; nil when nothing can be changed.
    private let captures: Captures?
    private let log: @Sendable (String) -> Void
    /// The log for what peers can bring about as often as they like.
    private let complaints: Complaints
    private let environments: Mutex<[Environment]>
    private let statistics = Mutex<@Sendable () -> String>({ "" })

    /// Opens and joins the packages of all environments, and the layer of the empty name.
    ///
    /// Throws the first complaint; all conflicts of an environment are in one.
    init(
        _ sources: [EnvironmentSource],
        _ opener: PackageOpener,
        stored: [StoredEnvironment] = [],
        captures: Captures? = nil,
        log: @escaping @Sendable (String) -> Void
    ) throws(Complaint) {
        self.sources = sources
        self.opener = opener
        self.stored = stored
        self.captures = captures
        self.log = log
        complaints = Complaints(to: log)
        var folders: [FolderEnvironment] = []
        for source in sources {
            guard let folder = try FolderEnvironment(source, opener, log: log) else { continue }
            folders.append(folder)
        }
        self.folders = folders
        environments = try Mutex(Self.open(sources, opener))
        if let captures, let first = environment("") { try Self.openUsual(captures, first) }
        for environment in stored { events.follow(environment) }
        for folder in folders {
            folder.onChange { [events, name = folder.name] number, hash in
                events.add("\(name) \(number) \(hash)")
            }
        }
    }

    /// Shows what becomes current in the stores, and what folders have, as it does.
    func follow() {
        for folder in folders {
            do throws(FileError) { try folder.follow() } catch {
                log("environment \(folder.name) is read at SIGHUP alone: \(error)")
            }
        }
        for environment in stored { environment.follow(log) }
    }

    /// Opens the layer of the empty name, so that what is wrong with it is told at once.
    private static func openUsual(
        _ captures: Captures,
        _ environment: Environment
    ) throws(Complaint) {
        let view: ViewName
        let folder = "\(captures.folder)/\(Capture.usual)"
        do throws(FileError) {
            view = try LayerBase.read(from: folder).map(ViewName.init) ?? .whole
            _ = try captures.capture(Capture.usual, over: environment, view, for: .superuser)
        } catch {
            let cure: String? =
                switch error.kind {
                case .busy: "pakfs -c ANOTHER FOLDER, or end the pakfs that has this"
                case .conflict:
                    "pakfs -c ANOTHER FOLDER, or pak layer init '\(folder)' for a clean one"
                case .malformed: "pak layer check '\(folder)'"
                default: nil
                }
            throw Complaint("-c", error, try: cure)
        }
    }

    private func environment(_ name: String) -> Environment? {
        environments.withLock { $0.first { $0.name == name } }
            ?? folders.first { $0.name == name }?.current
    }

    /// Puts what was changed on the disk, at the end.
    func sync() { captures?.sync(log) }

    private static func open(
        _ sources: [EnvironmentSource],
        _ opener: PackageOpener
    ) throws(Complaint) -> [Environment] {
        var environments: [Environment] = []
        for source in sources where source.folder == nil {
            environments.append(try Environment(source, opener))
        }
        return environments
    }

    /// Says where the statistics come from.
    func setStatistics(_ text: @escaping @Sendable () -> String) {
        statistics.withLock { $0 = text }
    }

    /// What each environment is mounted by, and what can change in what is seen then.
    var mounts: [(aname: String, change: MountCommand.Change)] {
        let names = stored.map(\.name) + folders.map(\.name)
        let named = names.map { (aname: $0, change: MountCommand.Change.outside) }
        return named
            + environments.withLock { environments in
                environments.map { environment in
                    if captures != nil, environment.name.isEmpty { return ("", .captured) }
                    guard environment.isFixed else { return (environment.name, .outside) }
                    return ("\(environment.name)@\("\(environment.tree.hash)".prefix(16))", .none)
                }
            }
    }

    /// Reads all packages and folders again, for those who attach from now on.
    func reread() {
        for environment in stored { environment.refresh(log, log) }
        var isWhole = true
        do throws(Complaint) {
            let new = try Self.open(sources, opener)
            environments.withLock { $0 = new }
        } catch {
            for line in error.details { log(line) }
            isWhole = false
            log("packages were not read again, those of the command line stay: \(error.text)")
        }
        let old = folders.filter { !$0.refresh(again: true) }.map(\.name)
        guard old.isEmpty else {
            return log("packages were not read again of \(old.joined(separator: ", "))")
        }
        if isWhole { log("packages were read again") }
    }

    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        do throws(FileError) {
            return try find(ViewName(name), for: user)
        } catch {
            var names = environments.withLock { $0.map(\.name) }
            names += folders.map(\.name) + stored.map(\.name)
            let known = names.map { $0.isEmpty ? "the empty one" : $0 } + [ViewName.control]
            complaints.log(
                "attach to \(name): \(error); there are \(known.joined(separator: ", "))"
            )
            throw error
        }
    }

    /// The control tree as a user sees it.
    private func control(for user: User, inView: Bool) -> ControlTree {
        let session = EnvironmentControl.Session()
        return ControlTree { [weak self] () throws(FileError) in
            self?.controlEntries(for: user, session, inView: inView) ?? []
        }
    }

    /// The control tree in the root of a view, under the name that was asked for.
    private func controlMount(_ name: ViewName, _ user: User) throws(FileError) -> ViewMounts {
        guard let place = name.controlName else { return ViewMounts() }
        return try control(for: user, inView: true).mounted(as: place, for: user)
    }

    /// The same view with the control tree in its root, where that was asked for.
    ///
    /// It is of one attach, also where what it lies over is of many: what one has begun there
    /// nobody else ends.
    private func withControl(
        _ attachment: Attachment,
        _ name: ViewName,
        _ user: User
    ) throws(FileError) -> Attachment {
        var attachment = try controlMount(name, user).lay(over: attachment)
        attachment.links = name.links
        return attachment
    }

    /// What is laid over the packages of a view: the real disk where the environment says so, for
    /// its owner alone.
    private func cover(_ name: ViewName, _ user: User) throws(FileError) -> StoredEnvironment.Cover
    {
        let sub = try UnionPath(name.sub)
        let isOwner = user.isOwner
        return { (shown, attachment) throws(FileError) in
            try isOwner ? shown.record.text.shines.lay(over: attachment, from: sub) : attachment
        }
    }

    private func find(_ name: ViewName, for user: User) throws(FileError) -> Attachment {
        if name.environment == ViewName.control {
            return try control(for: user, inView: false).attach(as: user, to: "")
        }
        let wanted = name.environment == EnvironmentSource.unnamed ? "" : name.environment
        if let found = stored.first(where: { $0.name == wanted }) {
            return try attach(found, name, user)
        }
        let folder = folders.first { $0.name == wanted }
        let state = folder?.state
        guard let found = state?.environment ?? environment(wanted) else {
            throw FileError(.notFound)
        }
        if let generation = name.generation {
            // Layers have the tree's; what is told of a folder is its identity.
            let hashes = [found.tree.hash, state?.hash].compactMap { $0 }
            guard found.isFixed, generation.utf8.count >= 8,
                hashes.contains(where: { "\($0)".hasPrefix(generation) })
            else {
                throw FileError(.notFound, "no generation \(generation)")
            }
        }
        // The host's files are shown to whom the host's tree would show them.
        guard found.admits(user) else { throw FileError(.permission) }
        if let id = captured(name) { return try attach(id, over: found, name, user) }
        let options = try name.options()
        let attachment: Attachment
        if !name.isPinned, let folder {
            attachment = try folder.live(options).attach(as: user, to: "")
        } else {
            attachment = try found.tree.attach(as: user, options)
        }
        return try withControl(attachment, name, user)
    }

    /// Gives a view of an environment of a store: one that goes with it, unless it is pinned.
    private func attach(
        _ found: StoredEnvironment,
        _ name: ViewName,
        _ user: User
    ) throws(FileError) -> Attachment {
        let attachment: Attachment
        if name.isPinned || name.capture != nil {
            let shown = try name.generation.map { (words) throws(FileError) in
                try found.state(words)
            }
            let state = shown ?? found.current
            if let id = name.capture {
                return try attach(id, over: Environment(found.name, state), name, user)
            }
            attachment = try cover(name, user)(state, state.attach(name.options()))
        } else {
            var key = StoredEnvironment.ViewKey(try name.options())
            if user.isOwner { key.mounted.append("shine") }
            attachment = try found.live(key, cover(name, user)).attach(as: user, to: "")
        }
        return try withControl(attachment, name, user)
    }

    /// Gives the layer `id` over an environment.
    private func attach(
        _ id: String,
        over environment: Environment,
        _ name: ViewName,
        _ user: User
    ) throws(FileError) -> Attachment {
        guard let captures else { throw FileError(.invalid, "no layers: -c is not there") }
        // Below such a layer is the disk, which is for the owner alone.
        guard user.isOwner || environment.shines.isEmpty else { throw FileError(.permission) }
        let capture = try captures.capture(id, over: environment, name, for: user).capture
        return try withControl(Attachment(root: capture.root, tree: capture.view), name, user)
    }

    /// The layer that a name at attach asks for; the empty name asks for one by itself.
    private func captured(_ name: ViewName) -> String? {
        if let id = name.capture { return id }
        return captures != nil && name.environment.isEmpty ? Capture.usual : nil
    }

    private func controlEntries(
        for user: User,
        _ session: EnvironmentControl.Session,
        inView: Bool
    ) -> [(name: String, entry: ControlTree.Entry)] {
        let statistics = statistics.withLock { $0 }
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            (
                "env",
                .directory { [weak self] in
                    self?.environmentEntries(for: user, session, inView: inView) ?? []
                }
            ),
            ("events", .events(events)),
            ("stats", .file(statistics)),
        ]
        if let first = stored.first {
            entries.append(("pkg", PackageLinks(first, at: "pkg").entry))
        } else if let first = folders.first, first.current.admits(user) {
            entries.append(("pkg", PackageLinks(first, at: "pkg").entry))
        }
        if !stored.isEmpty, user.isOwner {
            let words = ServerControl(stored.map { ($0.name, control(of: $0, session)) }).words
            entries.append(("ctl", .words(words)))
        }
        if let captures, user.isOwner {
            let capture = ControlTree.Entry.directory { () throws(FileError) in
                try captures.entries { [weak self] (id, base) throws(FileError) in
                    if let stored = self?.stored.first(where: { $0.name == base.environment }) {
                        let over = try Environment(stored.name, stored.state(base))
                        return try captures.capture(id, over: over, ViewName(base), for: user)
                    }
                    guard let environment = self?.environment(base.environment) else {
                        throw FileError(.notFound, "environment \(base.environment)")
                    }
                    let view = ViewName(base)
                    return try captures.capture(id, over: environment, view, for: user)
                }
            }
            // Its trees show what the view shows, by the same qids.
            if !inView { entries.append(("capture", capture)) }
        }
        return entries.sorted { $0.name < $1.name }
    }

    private func control(
        of environment: StoredEnvironment,
        _ session: EnvironmentControl.Session
    ) -> EnvironmentControl {
        EnvironmentControl(environment, session) { [log] in environment.refresh(log, log) }
    }

    /// The environments that this user may attach to.
    private func environmentEntries(
        for user: User,
        _ session: EnvironmentControl.Session,
        inView: Bool
    ) -> [(name: String, entry: ControlTree.Entry)] {
        let named = stored.map { environment -> (name: String, entry: ControlTree.Entry) in
            let control = control(of: environment, session)
            return (environment.name, .directory { control.entries(for: user, inView: inView) })
        }
        let plain = environments.withLock { $0 }.filter { $0.admits(user) }
            .map { environment -> (name: String, entry: ControlTree.Entry) in
                let name = environment.name.isEmpty ? EnvironmentSource.unnamed : environment.name
                return (name, .directory { environment.controlEntries })
            }
        let ofFolders = folders.filter { $0.current.admits(user) }
            .map { folder -> (name: String, entry: ControlTree.Entry) in
                let entries: ControlTree.Entries = {
                    (folder.current.controlEntries + folder.controlEntries(inView: inView))
                        .sorted { $0.name < $1.name }
                }
                return (folder.name, .directory(entries))
            }
        return named + plain + ofFolders
    }
}

extension Environment {
    /// What the control tree says of an environment.
    var controlEntries: [(name: String, entry: ControlTree.Entry)] {
        [
            (
                "conflicts",
                .file { [tree, conflicts] in
                    conflicts.value {
                        Self.text { () throws(FileError) in try tree.conflicts().map { "\($0)" } }
                    }
                }
            ),
            (
                "packages",
                .file { [tree] in
                    Self.text { tree.packages.map { "\($0.id) \($0.name) \($0.path)" } }
                }
            ),
            (
                "shadowed",
                .file { [tree] in
                    Self.text { () throws(FileError) in
                        try tree.shadowed().map { "\($0.path) \($0.package ?? "-")" }
                    }
                }
            ),
        ]
    }

    private static func text(_ lines: () throws(FileError) -> [String]) -> String {
        do throws(FileError) {
            return try lines().map { $0 + "\n" }.joined()
        } catch {
            return "error: \(error)\n"
        }
    }
}
