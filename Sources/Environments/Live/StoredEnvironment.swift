package import Archive
package import FileTree
import Store
import Synchronization
package import UnionTree

/// An environment of a store as it is served: the state that is current, others that were asked
/// for by number or hash, and a tree that goes with what is current.
package final class StoredEnvironment: Sendable {
    /// What it is called.
    package let name: String
    let finder: EnvironmentFinder
    private let packages: StoredPackages
    private let holds: PackageHolds?
    private let shown: Mutex<Shown>
    /// What was shown before, the latest last: a way back opens nothing.
    private let recent = Mutex<[Shown]>([])
    private static let recentLimit = 8
    /// Those that there was no room for, where a thread follows the store: it lets go of them, which
    /// counts down all of their packages, while nobody waits for the switch that put them here.
    private let evicted = Mutex<[Shown]>([])
    let isFollowed = Atomic<Bool>(false)
    /// What was last said of what is current and cannot be shown.
    let complaint = Mutex<String?>(nil)
    /// What was opened to be shown next, until that is done.
    private let prepared = Mutex<Shown?>(nil)
    /// Held while a state is opened: one at a time.
    private let opening = Mutex(())
    /// Held from when another state becomes current until all views show it.
    private let swapping = Mutex(())
    private let views = LiveViews<ViewKey, Shown> { $0.number }
    private let alone = LonePackages()
    private let keeper = TableKeeper()
    private let hashes = StateHashes()
    private let places = GenerationPlaces()
    private let listeners = Mutex<[@Sendable (Int) -> Void]>([])

    /// What a view is asked to show; views of one key are one tree.
    package struct ViewKey: Sendable, Hashable {
        /// How packages are shown.
        package var options: ViewOptions
        /// What is mounted in it, as words.
        package var mounted: [String]

        /// Makes a key.
        package init(_ options: ViewOptions, mounted: [String] = []) {
            self.options = options
            self.mounted = mounted
        }
    }

    /// What is laid over the packages of a state for a view.
    package typealias Cover = @Sendable (Shown, Attachment) throws(FileError) -> Attachment

    /// Opens what is current.
    ///
    /// Errors: `.notFound`; of a package that is missing or damaged; of conflicts.
    package init(
        _ name: String,
        _ finder: EnvironmentFinder,
        frames: FrameCache = FrameCache()
    ) throws(FileError) {
        self.name = name
        self.finder = finder
        let packages = StoredPackages(finder, frames: frames)
        self.packages = packages
        let holds = finder.stores.first.map { PackageHolds($0) }
        self.holds = holds
        let environment = try finder.environment(name)
        let record = try environment.current().record
        let all = record.text.packages
        shown = Mutex(try Self.open(record, all, near: nil, name, holds, packages))
    }

    /// The folder whose file `log` grows when something else becomes current.
    package func folder() throws(FileError) -> String { try finder.environment(name).path }

    /// Begins a change of it.
    ///
    /// Errors: `.readOnly` for one of a store that is only read.
    package func change() throws(FileError) -> EnvironmentChange {
        try EnvironmentChange(writable(), finder)
    }

    private func writable() throws(FileError) -> NamedEnvironment {
        let environment = try finder.environment(name)
        guard environment.store.path == finder.stores.first?.path else {
            throw FileError(.readOnly, "environment \(name): \(environment.store.path)")
        }
        return environment
    }

    /// Makes a generation that there is current; of the one that is nothing is written.
    ///
    /// Errors: `.readOnly` for one of a store that is only read; those of opening it.
    package func note(_ word: String, current number: Int) throws(FileError) {
        let environment = try writable()
        // What cannot be shown does not become current.
        let next = try state("\(number)") { environment }
        let state = try environment.state()
        guard state.current != number else { return }
        try make(next, currentBy: word, in: environment, over: state)
    }

    /// Makes the generation current that the current one was made of, or the one that is so many
    /// steps back.
    ///
    /// Errors: as of `note`; `.notFound` where there are not so many; `.busy` when another change
    /// was faster.
    package func rollback(_ steps: Int) throws(FileError) {
        let environment = try writable()
        let state = try environment.state()
        let step = try environment.step(back: steps, from: state)
        let next = try self.state("\(step.number)") { environment }
        try make(next, currentBy: "rollback", in: environment, over: state)
    }

    /// Keeps a generation whatever is collected, or no longer.
    ///
    /// Errors: `.readOnly` for one of a store that is only read; as of `NamedEnvironment.pin`.
    package func pin(_ number: Int, _ isKept: Bool) throws(FileError) {
        try writable().pin(number, isKept)
    }

    private func make(
        _ next: Shown,
        currentBy word: String,
        in environment: NamedEnvironment,
        over state: NamedEnvironment.State
    ) throws(FileError) {
        // It is about to be shown, by us or by whoever sees the log grow.
        prepared.withLock { $0 = next }
        do throws(FileError) {
            try environment.note(word, next.record, over: state)
        } catch {
            prepared.withLock { $0 = nil }
            throw error
        }
    }

    /// What is current.
    package var current: Shown { shown.withLock { $0 } }

    /// Checks that what a state has beyond the current one is there: that it is open, for it was
    /// shown not long ago, does not mean that.
    ///
    /// States that have a file open of which there is another now are known no more.
    private func check(_ new: [StoredPackage]) throws(FileError) {
        for package in new {
            if try packages.isAsOpened(package) { continue }
            recent.withLock { recent in
                recent.removeAll { $0.record.text.packages.contains(package) }
            }
        }
    }

    /// A state that was shown not long ago, if it is still what it was.
    private func shownBefore(
        _ environment: NamedEnvironment,
        _ isMeant: (Shown) -> Bool
    ) throws(FileError) -> Shown? {
        // Another environment of the same name has other generations of the same number.
        guard let known = recent.withLock({ $0.first(where: isMeant) }),
            environment.has(known.record)
        else { return nil }
        try check(known.record.text.changes(from: current.record.text).new)
        return recent.withLock { $0.contains { $0 === known } } ? known : nil
    }

    /// What is read of a log no more.
    private var known: [GenerationRecord] {
        [current.record] + recent.withLock { $0.reversed().map(\.record) }
    }

    private func open(_ record: GenerationRecord) throws(FileError) -> Shown {
        let near = current
        let new = record.text.changes(from: near.record.text).new
        try check(new)
        return try Self.open(record, new, near: near, name, holds, packages)
    }

    /// Opens a state; what it shares with `near` is taken from there, all but what is `new`.
    private static func open(
        _ record: GenerationRecord,
        _ new: [StoredPackage],
        near: Shown?,
        _ name: String,
        _ holds: PackageHolds?,
        _ packages: StoredPackages
    ) throws(FileError) -> Shown {
        // Each is held by its package, for as long as that is open: of what is shown for long, not
        // much may be left of any state.
        let held = try held(new, holds)
        var conflicts: [Conflict] = []
        let tree = try packages.tree(
            of: record.text,
            named: name,
            holder: { held[$0.id] },
            near: near.map { ($0.record.text, $0.tree) },
            &conflicts
        )
        return Shown(record, tree)
    }

    /// None where the store cannot be written, so that nobody collects there by this name either.
    private static func held(
        _ packages: [StoredPackage],
        _ holds: PackageHolds?
    ) throws(FileError) -> [ContentID: PackageHold] {
        guard let holds else { return [:] }
        do throws(FileError) { return try holds.hold(packages) } catch {
            guard Store.isUnwritable(error) else { throw error }
            return [:]
        }
    }

    /// Shows what is current by now; true when that is another generation than before.
    ///
    /// `complain` is told of each view that cannot show it, and stays what it was. Errors: as of
    /// `init`; then what was shown stays.
    package func refresh(_ complain: (FileError) -> Void) throws(FileError) -> Bool {
        // To the end: of two who look at once the second finds it done, and shown.
        try swapping.withLock { (_) throws(FileError) in
            guard let next = try advance() else { return false }
            // Whoever makes a tree from now on makes it of the new state, or sees to it afterwards.
            // Others are given their states meanwhile: a view waits for its disk, or its kernel.
            views.swap(next, complain)
            for listener in listeners.withLock({ $0 }) { listener(next.record.number) }
            keeper.keep(next.tree)
            return true
        }
    }

    /// Lets go of what is known no more.
    func forgetEvicted() {
        let evicted = evicted.withLock { evicted in
            defer { evicted = [] }
            return evicted
        }
        _ = evicted
    }

    /// Whether what is current is shown: another environment of the same name has other generations
    /// of the same number.
    private func isShown(
        _ state: NamedEnvironment.State,
        of environment: NamedEnvironment
    ) throws(FileError) -> Bool {
        let record = current.record
        guard state.current == record.number else { return false }
        // Where some were forgotten meanwhile it is elsewhere in the log.
        if environment.has(record) { return true }
        return try environment.record(state) == record
    }

    /// Opens what is current by now, if it is another generation than before, for those who ask
    /// from now on.
    private func advance() throws(FileError) -> Shown? {
        try opening.withLock { (_) throws(FileError) -> Shown? in
            let (environment, state) = try finder.current(name)
            let prepared = prepared.withLock { prepared in
                defer { prepared = nil }
                return prepared
            }
            if try isShown(state, of: environment) { return nil }
            let next: Shown
            let isNext: (Shown) -> Bool = { $0.record.number == state.current }
            if let prepared, isNext(prepared), environment.has(prepared.record) {
                next = Shown(again: prepared)
            } else if let known = try shownBefore(environment, isNext) {
                next = Shown(again: known)
            } else {
                next = try open(environment.record(state, before: known))
            }
            let last = shown.withLock { shown in
                defer { shown = next }
                return shown
            }
            let oldest = recent.withLock { recent in
                recent.removeAll { $0.record.number == next.record.number }
                recent.append(last)
                return recent.count > Self.recentLimit ? recent.removeFirst() : nil
            }
            if let oldest, isFollowed.load(ordering: .relaxed) {
                evicted.withLock { $0.append(oldest) }
            }
            let states = recent.withLock { $0 } + [next]
            alone.forget { Set(states.flatMap { $0.record.text.packages.map(\.id) }) }
            return next
        }
    }

    /// Calls `body` with the generation after each change; it must not look for the next.
    package func onChange(_ body: @escaping @Sendable (Int) -> Void) {
        listeners.withLock { $0.append(body) }
    }

    /// A generation by its number, or a state by the first digits of its hash.
    ///
    /// Errors: `.notFound` where there is none of those, or several of a hash's digits.
    package func state(_ words: String) throws(FileError) -> Shown {
        try state(words) { () throws(FileError) in try finder.environment(name) }
    }

    private func state(
        _ words: String,
        in find: () throws(FileError) -> NamedEnvironment
    ) throws(FileError) -> Shown {
        let now = current
        let isHash = words.utf8.count >= 8
        // A hash may begin with the digits of any number.
        if words == "\(now.record.number)"
            || isHash && "\(now.tree.hash)".hasPrefix(words)
            || isHash && "\(now.record.text.hash)".hasPrefix(words)
        {
            return now
        }
        let found = try opening.withLock { (_) throws(FileError) -> Shown in
            let environment = try find()
            if let known = try shownBefore(environment, { "\($0.record.number)" == words }) {
                return known
            }
            guard isHash else {
                guard let number = Int(words) else {
                    throw FileError(.notFound, "\(name)@\(words)")
                }
                return try open(environment.record(number, before: known, places: places))
            }
            let found = try hashes.latest(words, of: environment, before: known)
            guard let found else { throw FileError(.notFound, "\(name)@\(words)") }
            let shown = try open(found)
            guard found.hash.hasPrefix(words) || "\(shown.tree.hash)".hasPrefix(words) else {
                throw FileError(.notFound, "\(name)@\(words)")
            }
            return shown
        }
        keeper.keep(found.tree)
        return found
    }

    /// The state that a layer lies over.
    package func state(_ base: LayerBase) throws(FileError) -> Shown {
        guard let hash = base.hash else { return current }
        return try state(hash)
    }

    /// The tree that goes with what is current, as `key` asks for it, each state under `cover`.
    package func live(
        _ key: ViewKey,
        _ cover: @escaping Cover = { $1 }
    ) throws(FileError) -> LiveTree {
        try views.tree(key, { current }) { shown throws(FileError) in
            try cover(shown, shown.attach(key.options))
        }
    }

    /// One package of a state as a tree of its own, shown at `place`.
    package func alone(_ package: Package, at place: String) throws(FileError) -> UnionTree {
        try alone.tree(of: package, at: place)
    }
}
