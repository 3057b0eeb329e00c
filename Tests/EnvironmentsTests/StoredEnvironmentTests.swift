import Archive
import FileTree
import Glibc
import Store
import Synchronization
import Testing
import UnionTree

@testable import Environments

/// An environment that is shown while it is changed.
struct StoredEnvironmentTests {
    /// `web` of `p` (generation 2), open; and what adds `q` to it.
    private struct Setting {
        let folder: StoreFolder
        let finder: EnvironmentFinder
        let web: NamedEnvironment
        let shown: StoredEnvironment
        private let added: String

        init() throws {
            folder = try StoreFolder()
            let store = try folder.store()
            web = try NamedEnvironment(making: "web", in: store)
            finder = EnvironmentFinder(stores: [store])
            added = try FitTests.package("q", ["opt/q=q"], in: folder)
            try Self.add(FitTests.package("p", ["opt/p=p"], in: folder), web, finder)
            shown = try StoredEnvironment("web", finder)
        }

        func add() throws { try Self.add(added, web, finder) }

        /// Puts another `q` into the place of the one that is there.
        func add(_ number: Int) throws -> StoredPackage {
            let file = "opt/q\(number)=q"
            try Self.add(FitTests.package("q", [file], in: folder), web, finder)
            return try #require(web.current().record.text.packages.first { $0.name == "q" })
        }

        static func add(
            _ path: String,
            _ web: NamedEnvironment,
            _ finder: EnvironmentFinder
        ) throws {
            var change = try EnvironmentChange(web, finder)
            try change.take(["add", path])
            _ = try change.commit(command: "add", word: "add")
        }
    }

    private final class Heard: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    private func names(_ tree: LiveTree) throws -> [String] {
        var names: [String] = []
        try tree.root.lookup(Array("opt".utf8).span.bytes).directory?.entries(from: 0) { _, name in
            names.append(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            return true
        }
        return names
    }

    @Test func aViewThatCannotShowTheNextStateIsTold() throws {
        let setting = try Setting()
        let covered = try setting.shown.live(.init(ViewOptions(), mounted: ["gone"])) {
            shown,
            attachment throws(FileError) in
            guard shown.record.number == 2 else { throw FileError(.notFound, "/gone") }
            return attachment
        }
        let plain = try setting.shown.live(.init(ViewOptions()))
        try setting.add()
        var lines: [String] = []
        setting.shown.refresh({ lines.append($0) }, { lines.append($0) })
        #expect(lines.count == 2 && lines.contains("environment web: generation 3"), "\(lines)")
        #expect(
            lines.contains {
                $0.hasPrefix("environment web: a view stays as it was: ")
                    && $0.contains("/gone")
            },
            "\(lines)"
        )
        #expect(try names(covered) == ["p"])
        #expect(try names(plain) == ["p", "q"])
    }

    /// A kernel that does not answer, or a slow disk, holds up nobody else.
    @Test func otherStatesAreGivenWhileViewsAreSwapped() throws {
        let setting = try Setting()
        let (shown, hears) = (setting.shown, Heard())
        let tree = try shown.live(.init(ViewOptions())) { next, attachment throws(FileError) in
            if next.record.number == 3 { hears.add(try shown.state("1").record.number) }
            return attachment
        }
        tree.onSwap { _ in hears.add((try? shown.state("1").record.number) ?? 0) }
        try setting.add()
        #expect(try setting.shown.refresh { Issue.record("\($0)") })
        #expect(hears.all == [1, 1])
    }

    /// `p` and another `q` in each generation; whoever is served for years has seen many.
    @Test(arguments: [false, true])
    func whatIsShownNoMoreIsNotKeptInTheStore(isFollowed: Bool) throws {
        let setting = try Setting()
        let (store, shown) = (try #require(setting.finder.stores.first), setting.shown)
        // That the folder is gone when the test ends is said, too.
        if isFollowed { shown.watch({ _ in }, { _ in }) }
        var all: [StoredPackage] = []
        for number in 0..<12 {
            all.append(try setting.add(number))
            let isOther = try shown.refresh { Issue.record("\($0)") }
            #expect(isOther || isFollowed)
            let tree = try #require(shown.current.tree.packages.first { $0.name == "q" })
            _ = try shown.alone(tree, at: "pkg")
        }
        #expect(try setting.web.forget(keeping: 1).count == 13)
        // What was shown not long ago is at hand, and all that is open; one file says so. Who
        // follows lets go of the rest when the log has grown.
        var kept: [StoredPackage] = []
        for _ in 0..<(isFollowed ? 12000 : 1) {
            _ = try StoreFolder.collect(store.path)
            kept = try all.filter { (package) throws(FileError) in try store.has(package) }
            if kept.count == 9 { break }
            poll(nil, 0, 10)
        }
        #expect(kept == all.suffix(9))
        #expect(try HostFolder.names(in: "\(store.path)/lease").count == 1)
        let old = try shown.live(.init(ViewOptions()))
        #expect(try names(old) == ["p", "q11"])
    }

    @Test func anEnvironmentIsFollowedAlsoWhereAllOfThemWereRemoved() throws {
        let setting = try Setting()
        let (store, shown) = (try #require(setting.finder.stores.first), setting.shown)
        shown.watch({ _ in }, { _ in })
        let all = "\(store.path)/\(Store.environmentsName)"
        for round in 0..<12 {
            HostFolder.remove(all)
            // Now and then before it is known to be gone.
            poll(nil, 0, Int32(round % 4 * 10))
            try #require(mkdir(all, 0o755) == 0)
            let made = try NamedEnvironment(making: "web", in: store)
            for _ in 0..<12000 where shown.current.record.text.packages.count > 0 {
                poll(nil, 0, 10)
            }
            #expect(shown.current.record.text.packages.isEmpty)
            try Setting.add(
                FitTests.package("p", ["opt/p=p"], in: setting.folder),
                made,
                setting.finder
            )
            for _ in 0..<12000 where shown.current.record.number != 2 { poll(nil, 0, 10) }
            #expect(shown.current.record.number == 2)
        }
    }

    @Test func whatAControlFileSaysIsOfItsOpen() throws {
        let setting = try Setting()
        let control = EnvironmentControl(setting.shown, .init()) {}
        let user = User(uid: 0, gid: 0, name: "root", isOwner: true)
        let tree = ControlTree { control.entries(for: user) }
        let root = try tree.attach(as: user, to: "").root
        let names = ["gen", "packages"]
        let files = try names.map { try #require(root.lookup(Array($0.utf8).span.bytes).file) }
        func text(_ file: any File) throws -> String {
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
            defer { room.deallocate() }
            let count = try file.open(.read).read(into: room, at: 0)
            return String(decoding: room[..<count], as: UTF8.self)
        }
        #expect(try text(files[0]).hasPrefix("2 "))
        try setting.add()
        #expect(try setting.shown.refresh { Issue.record("\($0)") })
        #expect(try text(files[0]).hasPrefix("3 "))
        #expect(try text(files[1]).split(separator: "\n").count == 2)
    }

    @Test func whatIsCurrentIsNotMadeCurrentAgain() throws {
        let setting = try Setting()
        let before = try setting.web.history().count
        try setting.shown.note("switch", current: 2)
        #expect(try setting.web.history().count == before)
        try setting.shown.note("switch", current: 1)
        #expect(try setting.web.history().count == before + 1)
    }

    @Test func anEnvironmentOfALowerStoreIsNotSwitched() throws {
        let setting = try Setting()
        let upper = try StoreFolder()
        let finder = try EnvironmentFinder(stores: [upper.store()] + setting.finder.stores)
        let shown = try StoredEnvironment("web", finder)
        let error = #expect(throws: FileError.self) { try shown.note("switch", current: 1) }
        #expect(error?.kind == .readOnly)
        #expect(try setting.web.state().current == 2)
    }

    /// Anybody may ask for a hash that nothing has.
    @Test func aStateIsFoundByItsTreesHashWithoutOpeningOthers() throws {
        let setting = try Setting()
        let first = "\(try setting.shown.state("1").tree.hash)"
        try setting.add()
        let last = try setting.web.current().record
        let added = try #require(last.text.package("q"))
        try #require(unlink(setting.finder.path(of: added)) == 0)
        #expect(try setting.shown.state(first).record.number == 1)
        let unknown = "0123456789abcdef"
        #expect(throws: FileError(.notFound, "web@\(unknown)")) {
            try setting.shown.state(unknown)
        }
    }

    /// A user's own, made when a server shows the machine's: in a store that was not there.
    @Test func oneThatComesToHideItIsFollowed() throws {
        let folder = try StoreFolder()
        let machine = try Store(writing: "\(folder.path)/machine")
        let below = EnvironmentFinder(stores: [machine])
        _ = try NamedEnvironment(making: "web", in: machine)
        let added = try FitTests.package("p", ["opt/p=p"], in: folder)
        try Setting.add(added, NamedEnvironment("web", in: machine), below)
        let home = "\(folder.path)/home/share/pak"
        let finder = EnvironmentFinder(stores: [try Store(reading: home), machine])
        let shown = try StoredEnvironment("web", finder)
        let view = try shown.live(.init(ViewOptions()))
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (heard, tells) = (HostDescriptor(owning: ends[0]), HostDescriptor(owning: ends[1]))
        shown.follow {
            if $0 == "environment web: generation 3" { write(tells.number, "3", 1) }
        }

        let own = try Store(writing: home)
        let stack = EnvironmentFinder(stores: [own, machine])
        var change = try EnvironmentChange(making: "web", in: own, stack)
        try change.take(["add", FitTests.package("q", ["opt/q=q"], in: folder)])
        _ = try change.commit(command: "add", word: "add")
        try Setting.add(
            FitTests.package("r", ["opt/r=r"], in: folder),
            NamedEnvironment("web", in: own),
            stack
        )
        // As long as a thread may be without a processor.
        var waiting = pollfd(fd: heard.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 120_000) == 1)
        #expect(try names(view) == ["p", "q", "r"])
    }
}
