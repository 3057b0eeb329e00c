import Archive
import FileTree
import HostFaults
import Store
import Synchronization
import Testing

@testable import Environments

/// An environment that begins as another, and what goes on beside.
struct CopyTests {
    /// An environment `web` of packages of which there are files, and who finds it.
    private func web(_ folder: StoreFolder, _ names: [String]) throws -> NamedEnvironment {
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for name in names {
            try folder.write([], "packages/\(#require(GenerationTests.package(name)).fileName)")
        }
        try web.commit(names)
        return web
    }

    /// Before each call in turn the other one is deleted and all that nobody uses collected.
    @Test func aCopyHasItsPackagesOrIsNotMade() throws {
        var place = 0
        var made = 0
        while true {
            let folder = try StoreFolder()
            let web = try web(folder, ["a", "b"])
            let calls = Mutex(0)
            let (path, strikes) = (folder.path, place)
            let hook = HostCalls(fault: { _ in
                let number = calls.withLock { calls in
                    calls += 1
                    return calls - 1
                }
                guard number == strikes, let store = try? Store(writing: path) else { return nil }
                // What is there afterwards says whether they came to it.
                try? NamedEnvironment("web", in: store).delete()
                _ = try? StoreFolder.collect(path)
                return nil
            })
            let store = try Store(writing: path, calls: hook)
            let finder = EnvironmentFinder(stores: [store])
            do throws(FileError) {
                _ = try finder.make("new", like: web, in: store)
                let new = try NamedEnvironment("new", in: store)
                for package in try new.current().record.text.packages {
                    #expect(try store.has(package), "at \(place)")
                }
                made += 1
            } catch {
                // The other one is missing, or what it was made of.
                #expect(error.kind == .notFound, "at \(place): \(error)")
                #expect(try NamedEnvironment.names(in: store).isEmpty, "at \(place)")
            }
            if calls.withLock({ $0 }) <= place { break }
            place += 1
        }
        #expect(made > 5 && made < place)
    }

    @Test(arguments: HostFaults.Kind.allCases)
    func aFirstChangeThatFailsHidesNothing(kind: HostFaults.Kind) throws {
        let below = try StoreFolder()
        let web = try web(below, ["a"])
        let origin = try web.current().record
        var place = 0
        while true {
            let folder = try StoreFolder()
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                let store = try Store(writing: folder.path, calls: faults.host)
                let record = try NamedEnvironment.make(
                    "web",
                    in: store,
                    as: origin,
                    EnvironmentText(),
                    roots: [],
                    command: "rm a",
                    word: "rm"
                )
                #expect(record.number == 2 && record.parent == 1)
            } catch {
                #expect(faults.hasStruck)
            }
            let finder = try EnvironmentFinder(stores: [folder.store(), below.store()])
            let found = try finder.environment("web")
            let current = try found.current()
            let isNew = found.store.path == folder.path
            #expect(current.record.text.packages.isEmpty == isNew, "\(kind) at \(place)")
            #expect(try current.record == found.record(2))
            if isNew {
                #expect(try found.record(1).text == origin.text)
                #expect(try found.history().map(\.word) == ["create", "rm"])
                #expect(try found.step(back: 1, from: current.state).number == 1)
            }
            if !faults.hasStruck { break }
            place += 1
        }
        #expect(place > 5)
    }
}
