package import Archive
package import FileTree
import Synchronization
package import Terminal
package import UnionTree

/// The packages of a folder as one environment, which goes with what is dropped in and taken out.
///
/// A file counts once nobody writes to it, a directory once it is moved in. What is no package,
/// or not yet, is kept out, and the log says so once. The file `rules` settles what packages
/// disagree in. Where what there is does not go together, or the folder cannot be read, what was
/// shown stays.
package final class FolderEnvironment: Sendable {
    /// What clients attach to.
    package let name: String
    /// The folder.
    package let folder: String
    private let source: EnvironmentSource
    private let opener: PackageOpener
    let log: @Sendable (String) -> Void
    private let shown: Mutex<Shown>
    private let views = LiveViews<ViewOptions, Shown> { $0.number }
    private let alone = LonePackages()
    private let listeners = Mutex<[@Sendable (UInt64, ContentID) -> Void]>([])
    /// Held while the folder is read.
    private let content: Mutex<FolderContent>

    /// What a folder has at a time.
    package struct Shown: Sendable {
        /// Its packages as one tree.
        package let environment: Environment
        /// The identity, which is equal for equal packages and rules wherever they are.
        package let hash: ContentID
        /// The rules that its packages are joined by.
        let rules: FolderRules
        fileprivate let stamps: [String: FileStamp]
        /// Counts up with what is shown.
        let number: UInt64
    }

    /// Opens what the folder of `source` has.
    ///
    /// Throws a complaint of a folder that cannot be read, or of all conflicts at once.
    package init?(
        _ source: EnvironmentSource,
        _ opener: PackageOpener,
        log: @escaping @Sendable (String) -> Void
    ) throws(Complaint) {
        guard let folder = source.folder else { return nil }
        name = source.name
        self.folder = folder
        self.source = source
        self.opener = opener
        self.log = log
        var content = FolderContent(folder)
        let names: [String]
        do throws(FileError) {
            names = try content.read(opener) { log("environment \(source.name): \($0)") }
        } catch {
            throw Complaint("\(error)")
        }
        let environment = try Self.open(names, content, source, opener)
        shown = Mutex(
            Shown(
                environment: environment,
                hash: content.rules.hash(of: environment.tree.packages),
                rules: content.rules,
                stamps: content.stamps(of: names),
                number: 1
            )
        )
        self.content = Mutex(content)
    }

    private static func open(
        _ names: [String],
        _ content: FolderContent,
        _ source: EnvironmentSource,
        _ opener: PackageOpener
    ) throws(Complaint) -> Environment {
        var source = source
        var opener = opener
        source.paths = names.map { content.path($0) }
        source.folder = nil
        opener.opened = content.opened(names)
        source.rulesFile = content.path(FolderRules.fileName)
        do throws(FileError) {
            for rule in content.rules.rules(about: opener.opened.values.map(\.name)) {
                try rule.add(to: &source.rules)
                if let option = rule.option { source.options.append(option) }
            }
        } catch {
            throw Complaint("\(error)")
        }
        return try Environment(source, opener)
    }

    /// What is shown.
    package var state: Shown { shown.withLock { $0 } }

    /// Its packages as one tree.
    package var current: Environment { state.environment }

    /// One package as a tree of its own, shown at `place`.
    func alone(_ package: Package, at place: String) throws(FileError) -> UnionTree {
        try alone.tree(of: package, at: place)
    }

    /// The tree that goes with what is shown, as `options` ask for it.
    package func live(_ options: ViewOptions) throws(FileError) -> LiveTree {
        try views.tree(options, { shown.withLock { $0 } }) { shown throws(FileError) in
            try shown.environment.tree.attach(as: .superuser, options)
        }
    }

    /// Calls `body` after each change, with a number that counts up and the identity of what is shown.
    package func onChange(_ body: @escaping @Sendable (UInt64, ContentID) -> Void) {
        listeners.withLock { $0.append(body) }
    }

    /// Shows what the folder has by now; with `again` all of it is opened anew.
    ///
    /// Returns whether that could be done; if not, the log says why, once.
    @discardableResult
    package func refresh(again: Bool = false) -> Bool {
        content.withLock { content in
            if again { content.forget() }
            do throws(Complaint) {
                try show(&content, again: again)
                content.complaint = nil
                return true
            } catch {
                guard content.complaint != error else { return false }
                content.complaint = error
                for line in error.details { log(line) }
                log("environment \(name) stays as it was: \(error.text)")
                return false
            }
        }
    }

    /// Tells that events were lost, or that another folder is there.
    func loseEvents(isSame: Bool) { content.withLock { $0.loseEvents(isSame: isSame) } }

    /// Whether it is to be looked at again without an event.
    var isWaiting: Bool { content.withLock { $0.isWaiting } }

    /// Tells what has happened to a name of the folder.
    func take(_ event: FileEvents.Event) { content.withLock { $0.take(event) } }

    private func show(_ content: inout FolderContent, again: Bool) throws(Complaint) {
        let names: [String]
        do throws(FileError) {
            names = try content.read(opener) { log("environment \(name): \($0)") }
        } catch {
            throw Complaint(error)
        }
        let stamps = content.stamps(of: names)
        let now = shown.withLock { $0 }
        guard again || stamps != now.stamps else { return }
        let environment = try Self.open(names, content, source, opener)
        let next = Shown(
            environment: environment,
            hash: content.rules.hash(of: environment.tree.packages),
            rules: content.rules,
            stamps: stamps,
            number: now.number + 1
        )
        // What there was is let go of outside of the lock, whatever it takes along.
        shown.withLock { $0 = next }
        alone.forget { Set(environment.tree.packages.map(\.id)) }
        views.swap(next) { log("environment \(name): a view stays as it was: \($0)") }
        let count = names.count == 1 ? "1 package" : "\(names.count) packages"
        log("environment \(name): \(count)")
        for listener in listeners.withLock({ $0 }) { listener(next.number, next.hash) }
    }
}
