import FileTree
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
}
