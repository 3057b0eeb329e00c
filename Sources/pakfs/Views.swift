import Archive
import Environments
import FileTree
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
    private let log: @Sendable (String) -> Void
    private let environments: Mutex<[Environment]>
    private let statistics = Mutex<@Sendable () -> String>({ "" })

    /// Opens and joins the packages of all environments.
    ///
    /// Throws the first complaint; all conflicts of an environment are in one.
    init(
        _ sources: [EnvironmentSource],
        _ opener: PackageOpener,
        log: @escaping @Sendable (String) -> Void
    ) throws(Complaint) {
        self.sources = sources
        self.opener = opener
        self.log = log
        environments = try Mutex(Self.open(sources, opener))
    }

    private static func open(
        _ sources: [EnvironmentSource],
        _ opener: PackageOpener
    ) throws(Complaint) -> [Environment] {
        var environments: [Environment] = []
        for source in sources { environments.append(try Environment(source, opener)) }
        return environments
    }

    /// Says where the statistics come from.
    func setStatistics(_ text: @escaping @Sendable () -> String) {
        statistics.withLock { $0 = text }
    }

    /// What each environment is mounted by, and whether what is seen then can never change.
    var mounts: [(aname: String, isFixed: Bool)] {
        environments.withLock { environments in
            environments.map { environment in
                guard environment.isFixed else { return (environment.name, false) }
                return ("\(environment.name)@\("\(environment.tree.hash)".prefix(16))", true)
            }
        }
    }

    /// Reads all packages and folders again, for those who attach from now on.
    func reread() {
        do throws(Complaint) {
            let new = try Self.open(sources, opener)
            environments.withLock { $0 = new }
            log("packages were read again")
        } catch {
            for line in error.details { log(line) }
            log("packages were not read again, all stays as it was: \(error.text)")
        }
    }

    func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        do throws(FileError) {
            return try find(ViewName(name), for: user)
        } catch {
            let names = environments.withLock { $0.map(\.name) }
            let known = names.map { $0.isEmpty ? "the empty one" : $0 } + [ViewName.control]
            log("attach to \(name): \(error); there are \(known.joined(separator: ", "))")
            throw error
        }
    }

    private func find(_ name: ViewName, for user: User) throws(FileError) -> Attachment {
        if name.environment == ViewName.control {
            let control = ControlTree { [weak self] in self?.controlEntries(for: user) ?? [] }
            return try control.attach(as: user, to: "")
        }
        let wanted = name.environment == EnvironmentSource.unnamed ? "" : name.environment
        let found = environments.withLock { $0.first { $0.name == wanted } }
        guard let found else { throw FileError(.notFound) }
        if let generation = name.generation {
            guard found.isFixed, "\(found.tree.hash)".hasPrefix(generation) else {
                throw FileError(.notFound, "no generation \(generation)")
            }
        }
        // The host's files are shown to whom the host's tree would show them.
        guard found.admits(user) else { throw FileError(.permission) }
        var options = ViewOptions()
        options.showsDevices = name.showsDevices
        options.keepsSetID = name.keepsSetID
        options.only = name.only
        options.sub = try UnionPath(name.sub)
        var attachment = try found.tree.attach(as: user, options)
        attachment.links = name.links
        return attachment
    }

    private func controlEntries(
        for user: User
    ) -> [(name: String, entry: ControlTree.Entry)] {
        let statistics = statistics.withLock { $0 }
        return [
            ("env", .directory { [weak self] in self?.environmentEntries(for: user) ?? [] }),
            ("stats", .file(statistics)),
        ]
    }

    /// The environments that this user may attach to.
    private func environmentEntries(
        for user: User
    ) -> [(name: String, entry: ControlTree.Entry)] {
        environments.withLock { $0 }.filter { $0.admits(user) }.map { environment in
            let name = environment.name.isEmpty ? EnvironmentSource.unnamed : environment.name
            return (name, .directory { environment.controlEntries })
        }
    }
}

extension Environment {
    /// What the control tree says of an environment.
    var controlEntries: [(name: String, entry: ControlTree.Entry)] {
        [
            (
                "conflicts",
                .file { [tree, conflicts] in
                    conflicts.text {
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
