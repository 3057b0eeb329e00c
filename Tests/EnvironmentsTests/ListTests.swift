import Archive
import FileTree
import HostFaults
import Store
import Synchronization
import Testing
import Watched

@testable import Environments

/// What is too long for a log: written once, before it is named, and missed where it is not there.
struct ListTests {
    private static func names(_ count: Int) -> [String] { (0..<count).map { "package\($0)" } }

    private func lists(_ folder: StoreFolder) throws -> [ContentID] {
        try folder.store().lists().map(\.id)
    }

    @Test func theLogOfAThousandPackagesIsSmallAndWhatIsEqualIsWrittenOnce() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        let names = Self.names(1000)
        try web.commit(names)
        for other in ["a", "b", "c"] { try web.commit(names + [other]) }
        #expect(try folder.bytes("envs/web/log").count < 4096)
        #expect(try lists(folder).count == 1)
        let state = try web.record(2)
        #expect(state.text.packages.count == 1000)
        #expect(state.list == (try lists(folder)[0]))
        let like = try NamedEnvironment(
            making: "like",
            in: folder.store(),
            state.text,
            roots: state.roots
        )
        #expect(try lists(folder).count == 1)
        #expect(try like.record(like.state()).text == state.text)
        #expect(try folder.bytes("envs/like/log").count < 1024)
        // What differs much is one, too.
        try web.commit(Array(names.dropFirst(50)))
        #expect(try folder.bytes("envs/web/log").count < 4096)
        #expect(try lists(folder).count == 2)
        #expect(try web.step(back: 1, from: web.state()).differences.count == 51)
    }

    @Test func aLogThatWasWrittenWithoutListsIsReadAndGoesOn() throws {
        let folder = try StoreFolder()
        let names = Self.names(100)
        let long = try NamedEnvironment(making: "long", in: folder.store())
        try long.commit(names)
        let record = try long.record(2)
        // The same without a list.
        var block = GenerationBlock()
        (block.number, block.command, block.hash) = (1, "env create web", record.hash)
        var content = GenerationBlock.Content()
        (content.packages, content.roots) = (record.text.packages, record.roots)
        let bytes = block.head + content.bytes
        let line = GenerationLine(line: 1, current: 1, last: 1, time: 1, word: "create")
            .making(GenerationPlace(at: 0, length: bytes.count))
        _ = try NamedEnvironment(making: "web", in: folder.store())
        try folder.write(line.bytes(behind: bytes), "envs/web/log")
        let web = try NamedEnvironment("web", in: folder.store())
        #expect(try web.record(1).text == record.text)
        try web.commit(names + ["more"])
        #expect(try web.record(2).text.packages.count == 101)
        #expect(try web.record(2).place?.base?.whole == bytes.count)
        // What is written anew is written as it is now.
        try web.commit(names)
        try web.forget([2])
        #expect(try folder.bytes("envs/web/log").count < 1024)
        #expect(try web.record(1).list == record.list)
        #expect(try web.record(3).roots == record.roots)
    }

    @Test(arguments: ["missing", "other", "longer", "shorter", "folder"])
    func aListThatIsDamagedIsDamageOfItsGenerationAlone(kind: String) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        try web.commit(["a"])
        try web.commit(Self.names(50))
        try web.commit(["b"])
        let list = try #require(web.record(3).list)
        let path = "lists/\(list)"
        var bytes = try folder.bytes(path)
        switch kind {
        case "missing": try folder.remove(path)
        case "folder":
            try folder.remove(path)
            try folder.makeFolder(path)
        case "other":
            bytes[100] ^= 1
            try folder.write(bytes, path)
        case "longer": try folder.write(bytes + [10], path)
        default: try folder.write(bytes.dropLast(), path)
        }
        let error = #expect(throws: FileError.self) { try web.record(3) }
        #expect(error?.kind == .malformed)
        let place = "environment web: generation 3: list \(list): "
        #expect(error?.context?.hasPrefix(place) == true, "\(error?.context ?? "")")
        #expect(try web.record(2).roots == ["a"])
        #expect(try web.record(web.state()).roots == ["b"])
        var faults = 0
        try web.store.verifyLists { _ in faults += 1 }
        #expect(faults == (kind == "missing" ? 0 : 1))
        // Nothing is thrown away by who cannot read what it names.
        #expect(throws: FileError.self) {
            try web.each { (_, record) throws(FileError) in _ = try record() }
        }
        if kind == "folder" { return }
        // Who has the same state again puts it right.
        try web.commit(Self.names(50))
        #expect(try web.record(3).roots == Self.names(50).sorted())
        #expect(try web.record(web.state()).list == list)
    }

    @Test(arguments: Watched.isOn ? [.death] : [HostFaults.Kind.full, .broken, .death])
    func aChangeThatFailsAnywhereNamesNoListThatIsNotThere(kind: HostFaults.Kind) throws {
        let (few, many) = (Self.names(14), Self.names(18))
        for word in ["new", "known", "damaged", "create", "forget"] {
            var place = 0
            while true {
                let folder = try StoreFolder()
                let web = try NamedEnvironment(making: "web", in: folder.store())
                try web.commit(few)
                try web.commit(["a"])
                if word != "new" { try web.commit(many) }
                if word == "damaged" {
                    let list = try #require(web.record(4).list)
                    try folder.write([1], "lists/\(list)")
                }
                if word == "forget" { try web.commit(many + ["b"]) }
                try web.note("switch", current: 3, over: web.state())
                let faults = HostFaults(kind, at: place)
                do throws(FileError) {
                    let store = try Store(writing: folder.path, calls: faults.host)
                    switch word {
                    case "create":
                        let text = try web.record(4).text
                        _ = try NamedEnvironment(making: "new", in: store, text, roots: ["a"])
                    case "forget": try NamedEnvironment("web", in: store).forget([2, 4])
                    default: try NamedEnvironment("web", in: store).again(many)
                    }
                } catch {
                    #expect(faults.hasStruck, "\(word) at \(place): \(error)")
                }
                let what: Comment = "\(kind), \(word) at \(place)"
                try check(folder, what, damaged: word == "damaged")
                // And it goes on, and nothing is left of what was begun.
                try web.again(many)
                #expect(try web.record(web.state()).roots == many.sorted(), what)
                _ = try folder.collect()
                try check(folder, what, damaged: false)
                if !faults.hasStruck { break }
                place += 1
            }
            #expect(place > 10)
        }
    }

    /// Checks that all that there is can be read, but for what was damaged before.
    private func check(_ folder: StoreFolder, _ what: Comment, damaged: Bool) throws {
        let store = try folder.store()
        for name in try NamedEnvironment.names(in: store) {
            let environment = try NamedEnvironment(name, in: store)
            var numbers: [Int] = []
            try environment.each { (number, record) throws(FileError) in
                do throws(FileError) {
                    _ = try record()
                    numbers.append(number)
                } catch {
                    if !damaged || number != 4 { throw error }
                }
            }
            let current = try environment.state().current
            #expect(numbers.contains(current), what)
        }
    }

    @Test func noCollectionTakesAListThatIsAboutToBeNamed() throws {
        let folder = try StoreFolder()
        _ = try NamedEnvironment(making: "web", in: folder.store())
        let tries = Mutex<(done: Int, busy: Int)>((0, 0))
        let path = folder.path
        let calls = HostCalls(fault: { _ in
            // Before each call of the change, as another process would.
            do throws(FileError) {
                _ = try StoreFolder.collect(path)
                tries.withLock { $0.done += 1 }
            } catch {
                if error.kind == .busy { tries.withLock { $0.busy += 1 } }
            }
            return nil
        })
        let web = try NamedEnvironment("web", in: Store(writing: path, calls: calls))
        try web.commit(Self.names(40))
        #expect(try web.record(2).roots.count == 40)
        // The list's make, write, sync, rename and sync, and the log's write and sync.
        #expect(tries.withLock { $0.busy } >= 7)
        #expect(tries.withLock { $0.done } > 0)
        // When nothing names it any more it goes.
        try web.commit(["a"])
        try web.forget([2])
        let gone = try StoreFolder.collect(path).lists
        #expect(gone.count == 1)
        #expect(try lists(folder).isEmpty)
        #expect(try web.record(3).roots == ["a"])
    }
}

extension NamedEnvironment {
    /// As `commit`, with the errors of files.
    fileprivate func again(_ names: [String]) throws(FileError) {
        var text = EnvironmentText()
        for name in names {
            guard let package = GenerationTests.package(name) else { throw FileError(.invalid) }
            text.add(package)
        }
        _ = try commit(text, roots: names, command: "", word: "add", over: state(), time: 1000)
    }
}

extension StoreFolder {
    fileprivate func collect() throws(FileError) -> Store.Collected { try Self.collect(path) }
}
