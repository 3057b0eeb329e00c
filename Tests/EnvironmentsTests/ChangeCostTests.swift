import Archive
import CAllocations
import FileTree
import Glibc
import Store
import Synchronization
import Testing
import UnionTree

@testable import Environments

/// What a change costs does not grow with what was before it, counted and not timed.
struct ChangeCostTests {
    /// Counts what the calls of a store are about.
    private final class Counter: Sendable {
        private let seen = Mutex<[HostCalls.Call: Int]>([:])
        var calls: HostCalls {
            HostCalls(fault: { [self] call in
                seen.withLock { $0[call, default: 0] += 1 }
                return nil
            })
        }
        /// The count so far of looks at files, of which every package that is opened takes one.
        var looks: Int { seen.withLock { $0[.status, default: 0] } }
        /// The count so far of all.
        var all: Int { seen.withLock { $0.values.reduce(0, +) } }
    }

    private func package(_ name: String, in folder: StoreFolder) throws -> String {
        try FitTests.package(name, ["opt/\(name)/x=1", "usr/bin/\(name)=1"], in: folder)
    }

    private func change(
        _ words: [String],
        _ store: Store
    ) throws {
        let environment = try NamedEnvironment("web", in: store)
        var change = try EnvironmentChange(environment, EnvironmentFinder(stores: [store]))
        try change.take(words)
        _ = try change.commit(command: words[0], word: words[0])
    }

    /// The table of a state lies there for the next, however far back the last merge is.
    @Test func theThirtiethChangeOpensAsManyPackagesAsTheThird() throws {
        let folder = try StoreFolder()
        let counter = Counter()
        let store = try Store(writing: folder.path, calls: counter.calls)
        _ = try NamedEnvironment(making: "web", in: store)
        let names = (0..<30).map { "p\($0)" }
        for name in names { _ = try store.add(package(name, in: folder)) }
        var looks: [Int] = []
        for name in names {
            let before = counter.looks
            try change(["add", name], store)
            looks.append(counter.looks - before)
        }
        // One more where what is written is a list.
        #expect(looks.allSatisfy { $0 <= looks[0] + 1 }, "\(looks)")
        let before = counter.looks
        try change(["rm", "p7"], store)
        #expect(counter.looks - before <= looks[0] + 1)
    }

    /// A server takes from the state that it shows what stays, and the table from that one's.
    @Test func aStateThatComesIsOpenedByWhatCameWithIt() throws {
        var looks: [Int: Int] = [:]
        for count in [3, 40] {
            let folder = try StoreFolder()
            let counter = Counter()
            let store = try folder.store()
            _ = try NamedEnvironment(making: "web", in: store)
            let paths = try (0..<count).map { try package("p\($0)", in: folder) }
            try change(["add"] + paths, store)
            let counted = try Store(writing: folder.path, calls: counter.calls)
            let shown = try StoredEnvironment("web", EnvironmentFinder(stores: [counted]))
            try change(["add", package("new", in: folder)], store)
            // No table lies there: it is made of what is shown.
            for name in try HostFolder.names(in: store.tables) {
                try folder.remove("tables/\(name)")
            }
            let before = counter.looks
            #expect(try shown.refresh { Issue.record($0) })
            looks[count] = counter.looks - before
            #expect(shown.current.tree.packages.count == count + 1)
        }
        #expect(looks[3] == looks[40], "\(looks)")
    }

    /// Whoever asks for a package that somebody has gets its parts, and nobody is known to have one
    /// that was let go.
    @Test func aPackageIsOpenedOnceForAsLongAsSomebodyHasIt() throws {
        let folder = try StoreFolder()
        let counter = Counter()
        let store = try Store(writing: folder.path, calls: counter.calls)
        let stored = try store.add(package("p", in: folder)).package
        let packages = StoredPackages(EnvironmentFinder(stores: [store]))
        var first: Package? = try packages.package(stored)
        let reference = try #require(first.flatMap { PackageReference($0) })
        let looks = counter.looks
        let second = try packages.package(stored)
        #expect(counter.looks == looks)
        #expect(second.index === first?.index && second.id == stored.id && second.name == "p")
        #expect(second.manifest == first?.manifest && second.path == first?.path)
        #expect(reference.isOf(second) && !reference.isGone)
        first = nil
        #expect(reference.package?.id == stored.id)
        withExtendedLifetime(second) {}
    }

    @Test func aPackageThatNobodyHasIsOpenedAnew() throws {
        let folder = try StoreFolder()
        let store = try folder.store()
        let stored = try store.add(package("p", in: folder)).package
        let packages = StoredPackages(EnvironmentFinder(stores: [store]))
        func reference() throws -> PackageReference {
            try #require(PackageReference(packages.package(stored)))
        }
        let gone = try reference()
        #expect(gone.isGone && gone.package == nil)
        let again = try packages.package(stored)
        #expect(!gone.isOf(again) && again.id == stored.id)
    }

    /// A server's work for a state that it never showed: of each package that it shows already it
    /// copies some words.
    ///
    /// Where code is not optimized each step of the library's loops allocates (the frame of a
    /// `_read`), so that these counts are of steps; to read one package's line would be hundreds.
    @Test(
        .enabled(if: allocations_are_counted() != 0, "a sanitizer has its own allocator"),
        arguments: [true, false]
    )
    func aStateThatComesCostsAboutTheSameForManyPackages(_ isTableThere: Bool) throws {
        var costs: [Int: Int] = [:]
        let few = 10
        let many = 30
        for count in [few, many] {
            let folder = try StoreFolder()
            let store = try folder.store()
            _ = try NamedEnvironment(making: "web", in: store)
            try change(["add"] + (0..<count).map { try package("p\($0)", in: folder) }, store)
            let shown = try StoredEnvironment("web", EnvironmentFinder(stores: [store]))
            // The first may make what all others have.
            for name in ["first", "second"] {
                try change(["add", package(name, in: folder)], store)
                if !isTableThere {
                    for name in try HostFolder.names(in: store.tables) {
                        try folder.remove("tables/\(name)")
                    }
                }
                let before = allocations_so_far()
                #expect(try shown.refresh { Issue.record($0) })
                costs[count] = Int(allocations_so_far() - before)
            }
            #expect(shown.current.tree.packages.count == count + 2)
        }
        let more = (costs[many] ?? 0) - (costs[few] ?? 0)
        #expect(more < (many - few) * (isTableThere ? 60 : 160), "\(costs)")
    }

    /// The bytes that this thread has read of files so far; see proc_pid_io(5).
    private func bytesRead() throws -> Int {
        let descriptor = open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .split { $0.isWhitespace }
        return try #require(words.first == "rchar:" && words.count > 1 ? Int(words[1]) : nil)
    }

    /// A log has a line for each switch, and a server reads it for years.
    @Test func aLogIsLookedThroughOnceForItsGenerations() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for name in ["a", "b", "c"] { try web.commit([name]) }
        for number in 0..<800 {
            try web.note("switch", current: 3 + number % 2, over: web.state())
        }
        let size = try folder.bytes("envs/web/log").count
        let places = GenerationPlaces()
        func cost(_ number: Int) throws -> Int {
            let before = try bytesRead()
            _ = try web.record(number, places: places)
            return try bytesRead() - before
        }
        let costs = try [cost(2), cost(2), cost(1)]
        #expect(size > 32 << 10 && costs[0] > size)
        #expect(costs[1] < size / 2 && costs[2] < size / 2, "\(costs) of \(size)")
    }

    /// Anybody may ask for what nothing has, as often as he likes.
    @Test func aHashThatNothingHasIsLookedForOnce() throws {
        let folder = try StoreFolder()
        let counter = Counter()
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        try change(["add", package("p", in: folder)], store)
        let counted = try Store(writing: folder.path, calls: counter.calls)
        let shown = try StoredEnvironment("web", EnvironmentFinder(stores: [counted]))
        func ask(_ words: String) -> Int {
            let before = counter.all
            #expect(throws: FileError.self) { try shown.state(words) }
            return counter.all - before
        }
        _ = ask("0123456789abcdef")
        let few = ask("0123456789abcdef")
        for number in 0..<12 {
            try web.note("switch", current: 1 + number % 2, over: web.state())
            try change(["add", package("q\(number)", in: folder)], store)
        }
        #expect(ask("0123456789abcdef") > few)
        // Another one, too.
        for words in ["0123456789abcdef", "fedcba9876543210"] { #expect(ask(words) == few) }
        // What is there is found, also after all that.
        let record = try web.record(1)
        #expect(try shown.state(record.hash).record.number == 1)
        let tree = try shown.state("3").tree.hash
        #expect(try shown.state("\(tree)").record.number == 3)
    }
}
