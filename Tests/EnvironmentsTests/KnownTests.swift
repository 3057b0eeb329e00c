import Archive
import FileTree
import Glibc
import HostFaults
import Store
import Synchronization
import Testing
import Watched

@testable import Environments

/// Packages that are too many for a log: their numbers are there before it names them, and missed
/// where they are not.
struct KnownTests {
    private static func names(_ count: Int) -> [String] { (0..<count).map { "package\($0)" } }

    private func lines(_ folder: StoreFolder) throws -> [ArraySlice<UInt8>] {
        try folder.bytes("known").split(separator: 10)
    }

    @Test func theLogOfAThousandPackagesIsSmallAndANumberIsGivenOnce() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        let names = Self.names(1000)
        try web.commit(names)
        for other in ["a", "b", "c"] { try web.commit(names + [other]) }
        #expect(try folder.bytes("envs/web/log").count < 4096)
        #expect(try lines(folder).count == 1000)
        let state = try web.record(2)
        #expect(state.text.packages.count == 1000)
        #expect(state.roots == names.sorted())
        #expect(try state.numbers() == Array(1...1000))
        let like = try NamedEnvironment(
            making: "like",
            in: folder.store(),
            state.text,
            roots: state.roots.dropLast() + ["other"]
        )
        #expect(try lines(folder).count == 1000)
        #expect(try like.record(like.state()).text == state.text)
        #expect(
            try like.record(like.state()).roots == (state.roots.dropLast() + ["other"]).sorted()
        )
        #expect(try folder.bytes("envs/like/log").count < 1024)
        // What differs much, and has others between.
        try web.commit(names.filter { !$0.hasSuffix("7") } + (0..<20).map { "other\($0)" })
        #expect(try folder.bytes("envs/web/log").count < 4096)
        #expect(try lines(folder).count == 1020)
        #expect(try web.step(back: 1, from: web.state()).differences.count == 121)
        // Any thousand of ten thousand.
        let all = Self.names(10_000)
        var generator = SystemRandomNumberGenerator()
        let some = all.shuffled(using: &generator).prefix(1000).sorted()
        let wide = try NamedEnvironment(making: "wide", in: folder.store())
        try wide.commit(all)
        let few = try NamedEnvironment(making: "few", in: folder.store())
        try few.commit(some)
        #expect(try folder.bytes("envs/few/log").count < 4096)
        #expect(try few.record(2).roots == some)
    }

    @Test(arguments: [false, true])
    func aLogThatWasWrittenWithoutNumbersIsReadAndGoesOn(isList: Bool) throws {
        let folder = try StoreFolder()
        let names = Self.names(100)
        let long = try NamedEnvironment(making: "long", in: folder.store())
        try long.commit(names)
        let record = try long.record(2)
        // The same as it was written once.
        var block = GenerationBlock()
        (block.number, block.command, block.hash) = (1, "env create web", record.hash)
        var content = GenerationBlock.Content()
        (content.packages, content.roots) = (record.text.packages, record.roots)
        let text = content.bytes
        var bytes = block.head + text
        let list = SHA256.hash(text)
        if isList {
            // As its head was, with a line in front of the command.
            let head = String(decoding: block.head, as: UTF8.self).split(separator: "\n")
            let line = "list \(list) \(text.count)"
            bytes = Array((head[..<2] + [line[...]] + head[2...]).joined(separator: "\n").utf8)
            bytes.append(10)
            try folder.makeFolder("lists")
            try folder.write(text, "lists/\(list)")
        }
        let line = GenerationLine(line: 1, current: 1, last: 1, time: 1, word: "create")
            .making(GenerationPlace(at: 0, length: bytes.count))
        _ = try NamedEnvironment(making: "web", in: folder.store())
        try folder.write(line.bytes(behind: bytes), "envs/web/log")
        let web = try NamedEnvironment("web", in: folder.store())
        #expect(try web.record(1).text == record.text)
        #expect(try web.record(1).list == (isList ? list : nil))
        try web.commit(names + ["more"])
        #expect(try web.record(2).text.packages.count == 101)
        let whole = bytes.count + (isList ? text.count : 0)
        #expect(try web.record(2).place?.base?.whole == whole)
        #expect(try StoreFolder.collect(folder.path).lists.isEmpty)
        if isList {
            // As if it were of other bytes, longer, or not there.
            for damage in [Array(text.dropLast() + [11]), text + [10], nil] {
                if let damage { try folder.write(damage, "lists/\(list)") }
                if damage == nil { try folder.remove("lists/\(list)") }
                let error = #expect(throws: FileError.self) { try web.record(1) }
                let place = "environment web: generation 1: list \(list): "
                #expect(error?.context?.hasPrefix(place) == true, "\(error?.context ?? "")")
                var faults = 0
                try web.store.verifyLists { _ in faults += 1 }
                #expect(faults == (damage == nil ? 0 : 1))
            }
            try folder.write(text, "lists/\(list)")
        }
        // What is written anew is written as it is now.
        try web.commit(names)
        try web.forget([2])
        #expect(try folder.bytes("envs/web/log").count < 1024)
        #expect(try web.record(1).numbers() == record.numbers())
        #expect(try web.record(3).roots == record.roots)
        #expect(try StoreFolder.collect(folder.path).lists.map(\.id) == (isList ? [list] : []))
    }

    @Test(arguments: ["known", "known.copy"])
    func whatIsDamagedInOneFileCostsNothingAndIsPutRight(name: String) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        let names = Self.names(12)
        try web.commit(names)
        let whole = try folder.bytes(name)
        #expect(whole.split(separator: 10).count == 12)
        func list() throws -> [String] {
            try NamedEnvironment("web", in: folder.store()).record(2).roots
        }
        for place in whole.indices {
            for bit in [1, 2, 8] {
                var bytes = whole
                bytes[place] ^= UInt8(bit)
                try folder.write(bytes, name)
                #expect(try list() == names.sorted())
            }
        }
        func faults() throws -> Int {
            var faults = 0
            try folder.store().verifyKnown { _ in faults += 1 }
            return faults
        }
        // Whoever collects writes it again, and who adds some writes what is missing.
        let holes = [UInt8](repeating: 0, count: 512) + whole[512...]
        for bytes in [holes, [], Array(whole.dropLast(30)), whole + [0, 0]] {
            try folder.write(bytes, name)
            #expect(try faults() == (bytes == holes ? 1 : 0))
            #expect(try list() == names.sorted())
            _ = try StoreFolder.collect(folder.path)
            #expect(try folder.bytes(name) == whole)
            try folder.write(bytes, name)
            let other = try NamedEnvironment(making: "other", in: folder.store())
            try other.commit(names + ["more"])
            #expect(try faults() == (bytes == holes ? 1 : 0))
            for other in ["known", "known.copy"] where other != name { try folder.remove(other) }
            #expect(try list() == names.sorted())
            #expect(try other.record(2).text.packages.count == 13)
            try other.delete()
            try folder.write(whole, "known")
            try folder.write(whole, "known.copy")
        }
        #expect(try faults() == 0)
    }

    @Test(arguments: ["missing", "both", "shorter", "folder", "garbage"])
    func whatIsLostInBothIsDamageOfItsGenerationsAlone(kind: String) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        let names = Self.names(50)
        try web.commit(["a"])
        try web.commit(names)
        try web.commit(["b"])
        let number = try #require(web.record(3).numbers().last)
        let bytes = try folder.bytes("known")
        let half = bytes.count / 2
        let last = try lines(folder)[49].startIndex
        for name in ["known", "known.copy"] {
            switch kind {
            case "missing": try folder.remove(name)
            case "folder":
                try folder.remove(name)
                try folder.makeFolder(name)
            case "both":
                var bytes = bytes
                bytes[last + (name == "known" ? 30 : 40)] ^= 1
                try folder.write(bytes, name)
            case "shorter": try folder.write(Array(bytes[..<(last + 10)]), name)
            default: try folder.write([UInt8](repeating: 0, count: half) + bytes[half...], name)
            }
        }
        let again = try NamedEnvironment("web", in: folder.store())
        let error = #expect(throws: FileError.self) { try again.record(3) }
        #expect(error?.kind == .malformed)
        let missing = ["both": number, "shorter": number][kind] ?? 1
        let told = "environment web: generation 3: known: no package \(missing)"
        #expect(error?.context == told)
        #expect(try again.record(2).roots == ["a"])
        #expect(try again.record(web.state()).roots == ["b"])
        // Nothing is thrown away by who cannot read what it names.
        #expect(throws: FileError.self) { try StoreFolder.collect(folder.path) }
        if kind == "folder" { return }
        // Who has the same state again can be read, and the others stay what they were.
        try again.commit(names)
        #expect(try again.record(again.state()).roots == names.sorted())
        // What had lost all from a number on is as it was, for the same packages have come again.
        if kind == "missing" || kind == "shorter" {
            #expect(try again.record(3).roots == names.sorted())
        } else {
            #expect(throws: FileError.self) { try again.record(3) }
        }
    }

    /// As of a copy that somebody made and put back, or numbers that were lost.
    @Test func whoHasReadNumbersThatAreOthersByNowReadsThemAgain() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        try web.commit(["a"])
        let names = ["known", "known.copy", "envs/web/log"]
        let old = try [[], []] + [folder.bytes("envs/web/log")]
        try web.commit(Self.names(40))
        let server = try NamedEnvironment("web", in: Store(reading: folder.path))
        #expect(try server.record(3).roots == Self.names(40).sorted())
        for (name, bytes) in zip(names, old) { try folder.write(bytes, name) }
        let other = (0..<40).map { "other\($0)" }
        try NamedEnvironment("web", in: folder.store()).commit(other)
        #expect(try server.record(3).roots == other.sorted())
        // And who has given some.
        try web.commit(other + Self.names(40))
        #expect(try server.record(4).text.packages.count == 80)
        #expect(try lines(folder).count == 80)
    }

    @Test func aNumberThatNoWordCanHaveIsDamage() throws {
        for number in [1 << 40 - 1, 1 << 40, 999_999_999_999_999_999] {
            let folder = try StoreFolder()
            let web = try NamedEnvironment(making: "web", in: folder.store())
            var line = Array("\(number) ".utf8)
            try #require(GenerationTests.package("x")).write(to: &line)
            line.append(32)
            line += line.withUnsafeBytes { LineSum.of($0) } + [10]
            for name in ["known", "known.copy"] { try folder.write(line, name) }
            do throws(FileError) {
                try NamedEnvironment("web", in: folder.store()).again(Self.names(20))
                let record = try web.record(web.state())
                #expect(record.roots.count == 20 && number >= 1 << 40)
            } catch {
                #expect(error.kind == .tooBig && number == 1 << 40 - 1)
            }
        }
    }

    @Test func whatIsWrittenAnewIsOfTheSameMode() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        try web.commit(Self.names(20))
        try web.commit(["a"])
        try web.forget([2])
        #expect(chmod("\(folder.path)/known", 0o640) == 0)
        _ = try StoreFolder.collect(folder.path)
        #expect(try lines(folder).count == 1)
        let (new, copy) = (try Self.mode(folder, "known"), try Self.mode(folder, "known.copy"))
        #expect(new == 0o640 && copy != new)
    }

    @Test(arguments: Watched.isOn ? [.death] : [HostFaults.Kind.full, .broken, .death])
    func aCollectionThatFailsAnywhereLeavesNumbersWhole(kind: HostFaults.Kind) throws {
        var place = 0
        while true {
            let folder = try StoreFolder()
            let web = try NamedEnvironment(making: "web", in: folder.store())
            for names in [Self.names(20), (0..<20).map { "other\($0)" }] { try web.commit(names) }
            try web.forget([2])
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                let store = try Store(writing: folder.path, calls: faults.host)
                _ = try store.collect(isDry: false) { () throws(FileError) in
                    var uses = Store.Uses()
                    uses.numbers = Set(21...40)
                    return uses
                }
            } catch {
                #expect(faults.hasStruck, "at \(place): \(error)")
            }
            let what: Comment = "\(kind) at \(place)"
            try check(folder, what)
            try folder.store().verifyKnown { Issue.record("\($0), \(what)") }
            try web.commit(Self.names(30))
            try check(folder, what)
            if !faults.hasStruck { break }
            place += 1
        }
        #expect(place > 10)
    }

    private static func mode(_ folder: StoreFolder, _ name: String) throws -> mode_t {
        var status = stat()
        try #require(stat("\(folder.path)/\(name)", &status) == 0)
        return status.st_mode & 0o777
    }

    @Test(arguments: Watched.isOn ? [.death] : [HostFaults.Kind.full, .broken, .death])
    func aChangeThatFailsAnywhereNamesNoNumberThatIsNotThere(kind: HostFaults.Kind) throws {
        let (few, many) = (Self.names(14), Self.names(18))
        for word in ["first", "new", "known", "damaged", "create", "forget"] {
            var place = 0
            while true {
                let folder = try StoreFolder()
                let web = try NamedEnvironment(making: "web", in: folder.store())
                try web.commit(word == "first" ? ["b"] : few)
                try web.commit(["a"])
                if word != "new", word != "first" { try web.commit(many) }
                if word == "damaged" {
                    // The last line is torn, and the copy has none of some.
                    try folder.write(Array(folder.bytes("known").dropLast(40)), "known")
                    let half = try folder.bytes("known.copy").count / 2
                    try folder.write(Array(folder.bytes("known.copy")[half...]), "known.copy")
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
                try check(folder, what)
                // And it goes on, and nothing is left of what was begun.
                try web.again(many)
                #expect(try web.record(web.state()).roots == many.sorted(), what)
                _ = try StoreFolder.collect(folder.path)
                try check(folder, what)
                if !faults.hasStruck { break }
                place += 1
            }
            #expect(place > 10)
        }
    }

    /// Checks that all that there is can be read by who has read nothing so far.
    private func check(_ folder: StoreFolder, _ what: Comment) throws {
        let store = try folder.store()
        for name in try NamedEnvironment.names(in: store) {
            let environment = try NamedEnvironment(name, in: store)
            var numbers: [Int] = []
            try environment.each { (number, record) throws(FileError) in
                _ = try record()
                numbers.append(number)
            }
            let current = try environment.state().current
            #expect(numbers.contains(current), what)
        }
    }

    @Test func noCollectionTakesANumberThatIsAboutToBeNamed() throws {
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
        // Of two files each make, write, and sync, the lock, the folder's sync, and the log's write
        // and sync.
        #expect(tries.withLock { $0.busy } >= 10)
        #expect(tries.withLock { $0.done } > 0)
    }

    @Test func aCollectionKeepsTheNumbersThatAreNamedAndNoneIsGivenTwice() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        try web.commit(Self.names(30))
        try web.commit((0..<30).map { "other\($0)" })
        let server = try NamedEnvironment("web", in: Store(reading: folder.path))
        #expect(try server.record(3).numbers() == Array(31...60))
        try web.forget([2])
        _ = try StoreFolder.collect(folder.path)
        #expect(try lines(folder).count == 30)
        #expect(try web.record(3).numbers() == Array(31...60))
        try web.commit(["a"])
        try web.forget([3])
        _ = try StoreFolder.collect(folder.path)
        // The last, behind which they go on: whoever has read the others may be there still.
        #expect(try lines(folder).count == 1)
        try web.commit(Self.names(30))
        #expect(try web.record(5).numbers() == Array(61...90))
        #expect(try server.record(5).roots == Self.names(30).sorted())
    }

    @Test func numbersAreAWordAndNoOtherWordIsRead() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let most = Int.random(in: 1...3000, using: &generator)
            let numbers = (0..<most).filter { _ in
                Int.random(in: 0..<4, using: &generator) == 0
            }.map { $0 * Int.random(in: 1...2, using: &generator) }
            let sorted = Set(numbers).sorted()
            #expect(NumberRuns.numbers(NumberRuns.word(sorted)) == sorted)
        }
        #expect(NumberRuns.word(Array(1...1000)) == "Bnf")
        #expect(NumberRuns.word([]) == "")
        for word in ["A", "BA9", "B-", "B!", "--------AA", "A_______A", "A-------", "AAA"] {
            #expect(NumberRuns.numbers(word) == nil, "\(word)")
        }
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
