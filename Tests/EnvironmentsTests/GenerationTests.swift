import Archive
import FileTree
import Glibc
import Store
import Synchronization
import Testing
import Watched

@testable import Environments

struct GenerationTests {
    static func package(_ name: String, _ version: Int = 1) -> StoredPackage? {
        let id = SHA256.hash(Array("\(name) \(version)".utf8))
        return StoredPackage(name: name, version: "\(version)-1", id: id)
    }

    private func text(_ names: String...) throws -> EnvironmentText {
        var text = EnvironmentText()
        for name in names { text.add(try #require(Self.package(name))) }
        return text
    }

    private func commit(_ environment: NamedEnvironment, _ names: [String]) throws -> Int {
        try environment.commit(names)
    }

    @Test func aChangeIsANewGenerationOfTheOneBefore() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store(), time: 999)
        #expect(try web.state().current == 1)
        #expect(try commit(web, ["a"]) == 2)
        #expect(try commit(web, ["a", "b"]) == 3)
        try web.note("rollback", current: 2, over: web.state(), time: 1001)
        #expect(try commit(web, ["c"]) == 4)
        let again = try NamedEnvironment("web", in: folder.store())
        #expect(try again.state().current == 4)
        #expect(try again.record(4).parent == 2)
        #expect(try again.record(3).text.packages.map(\.name).sorted() == ["a", "b"])
        #expect(
            try again.history().map { "\($0.word) \($0.current)" } == [
                "create 1", "add 2", "add 3", "rollback 2", "add 4",
            ]
        )
    }

    @Test func equalContentHasOneHashWhereverAndHoweverItWasMade() throws {
        var one = try text("a", "b")
        try one.add(EnvironmentRule(words: ["block", "a", "x"]))
        try one.add(EnvironmentRule(words: ["alias", "bin", "usr/bin"]))
        var two = EnvironmentText()
        try two.add(EnvironmentRule(words: ["alias", "bin", "usr/bin"]))
        two.add(try #require(Self.package("b", 2)))
        two.add(try #require(Self.package("b")))
        try two.add(EnvironmentRule(words: ["block", "a", "x"]))
        two.add(try #require(Self.package("a")))
        #expect(one.hash == two.hash)
        #expect(one.hash != (try text("a", "b")).hash)
        // The text itself, so that another version of us has it too.
        let known = "package \(two.packages[0].id)\npackage \(two.packages[1].id)\n"
        #expect(
            one.hash == SHA256.hash(Array((known + "alias bin usr/bin\nblock a x\n").utf8))
        )
    }

    @Test func ofTwoChangesAtOnceOneWinsAndTheOtherIsTold() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        let state = try web.state()
        #expect(try commit(web, ["a"]) == 2)
        let error = #expect(throws: FileError.self) {
            try web.note("switch", current: 1, over: state)
        }
        #expect(error?.kind == .busy)
        #expect(error?.context?.contains("generation 2 is current") == true)
        #expect(try web.state().current == 2)
    }

    @Test func manyWritersAtOnceLoseNothingThatWasConfirmed() throws {
        let folder = try StoreFolder()
        _ = try NamedEnvironment(making: "web", in: folder.store())
        let confirmed = Mutex<[Int]>([])
        let path = folder.path
        var threads: [Worker] = []
        for writer in 0..<4 {
            threads.append(
                try Worker {
                    for round in 0..<25 {
                        // Most are told that another was faster.
                        let made = try? NamedEnvironment(
                            "web",
                            in: Store(writing: path)
                        )
                        guard let made, let state = try? made.state() else { continue }
                        let record = try? made.commit(
                            EnvironmentText(),
                            roots: [],
                            command: "\(writer) \(round)",
                            word: "add",
                            over: state
                        )
                        if let record { confirmed.withLock { $0.append(record.number) } }
                    }
                }
            )
        }
        for thread in threads { thread.join() }
        let numbers = confirmed.withLock { $0 }
        #expect(!numbers.isEmpty)
        #expect(Set(numbers).count == numbers.count)
        let web = try NamedEnvironment("web", in: folder.store())
        #expect(try web.history().map(\.current) == [1] + numbers.sorted())
        #expect(try web.state().current == numbers.max())
    }

    @Test func aTornLineIsAsIfItHadNeverBeenBegun() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        #expect(try commit(web, ["a"]) == 2)
        let whole = try folder.bytes("envs/web/log")
        let last = try #require(whole.dropLast().lastIndex(of: 10)) + 1
        for length in stride(from: last, to: whole.count, by: Watched.stride) {
            try folder.write(Array(whole[..<length]), "envs/web/log")
            #expect(try web.state().current == 1, "\(length)")
            #expect(try web.history().count == 1)
        }
        // The next change goes on behind the last whole line.
        #expect(try commit(web, ["b"]) == 2)
        #expect(try web.record(2).roots == ["b"])
        #expect(try web.history().map(\.current) == [1, 2])
    }

    @Test func aLongLogIsReadFromItsEnd() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for _ in 0..<200 { try web.note("switch", current: 1, over: web.state()) }
        #expect(try web.state().line == 201)
        #expect(try web.history().count == 201)
        var bytes = try folder.bytes("envs/web/log")
        bytes += Array(repeating: UInt8(ascii: "x"), count: 10000)
        try folder.write(bytes, "envs/web/log")
        #expect(try web.state().line == 201)
    }

    @Test func anyByteOfAGenerationThatIsWrongIsFound() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        _ = try commit(web, ["a", "b"])
        let state = try web.state()
        // Another line behind it: what is current before is no way out.
        try web.note("pin", argument: 1, over: state)
        let whole = try folder.bytes("envs/web/log")
        let end = try #require(whole.dropLast().lastIndex(of: 10))
        for place in stride(from: state.at, to: end, by: Watched.stride) {
            var bytes = whole
            bytes[place] ^= 1
            try folder.write(bytes, "envs/web/log")
            #expect(throws: FileError.self, "\(place)") { try web.record(web.state()) }
            #expect(throws: FileError.self, "\(place)") { try web.record(2) }
            try folder.write(Array(whole[..<place]), "envs/web/log")
            #expect(throws: FileError.self, "\(place)") { try web.record(2) }
        }
    }

    @Test func aGenerationIsWhatItWasMadeOfHoweverItIsWritten() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        var random = Numbers(seed: 5)
        var made: [Int: (text: EnvironmentText, roots: [String], parent: Int)] = [:]
        var text = EnvironmentText()
        var current = 1
        for step in 0..<(Watched.isOn ? 100 : 300) {
            if let old = made.keys.sorted().randomElement(using: &random), step % 9 == 8 {
                let moved = try web.step(to: old, from: web.state())
                let known = PackageDifference.list(from: text, to: made[old]?.text ?? text)
                #expect(moved.differences == known, "step \(step)")
                try web.note("switch", moved, over: web.state())
                (text, current) = (made[old]?.text ?? text, old)
            }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let name = "p\(Int.random(in: 0..<60, using: &random))"
                if Int.random(in: 0..<3, using: &random) == 0 {
                    _ = text.remove(name)
                } else {
                    let version = Int.random(in: 1...2, using: &random)
                    text.add(try #require(Self.package(name, version)))
                }
            }
            let rule = EnvironmentRule.allow(package: "p\(step % 5)")
            if step % 20 == 7 {
                try text.add(rule)
            } else if step % 20 == 17 {
                _ = text.remove(rule)
            }
            let roots = text.packages.map(\.name).filter { $0.hasSuffix("1") }.sorted()
            let number = try web.commit(
                text,
                roots: roots,
                command: "\(step)",
                word: "add",
                over: web.state()
            ).number
            made[number] = (text, roots, current)
            current = number
        }
        func check(_ numbers: Set<Int>) throws {
            #expect(try Set(web.generations()) == numbers.union([1]))
            for number in numbers {
                let record = try web.record(number)
                #expect(record.text == made[number]?.text, "\(number)")
                #expect(record.roots == made[number]?.roots, "\(number)")
                #expect(record.parent == made[number]?.parent, "\(number)")
                guard numbers.contains(record.parent) else { continue }
                #expect(try web.parent(of: record) == web.record(record.parent), "\(number)")
            }
            #expect(try web.state().current == current)
        }
        try check(Set(made.keys))
        // Most are written as what has changed.
        let size = try folder.bytes("envs/web/log").count
        let wholes = made.values.reduce(0) { $0 + 100 * $1.text.packages.count }
        #expect(size < wholes / 3)
        let forgotten = made.keys.filter { $0 % 3 == 0 && $0 != current }
        try web.forget(forgotten)
        try check(Set(made.keys).subtracting(forgotten))
        #expect(try folder.bytes("envs/web/log").count < size)
        // And it goes on.
        text.add(try #require(Self.package("new")))
        _ = try web.commit(text, roots: [], command: "", word: "add", over: web.state())
        #expect(try web.record(web.state()).text == text)
    }

    @Test(arguments: [1, 3])
    func aWayBackIsToldByWhatWasChangedOnIt(steps: Int) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        var texts = [EnvironmentText()]
        for number in 0..<5 {
            var text = texts[texts.count - 1]
            text.add(try #require(Self.package("a", number)))
            text.add(try #require(Self.package("b\(number)")))
            texts.append(text)
            let state = try web.state()
            _ = try web.commit(text, roots: [], command: "", word: "add", over: state)
        }
        let state = try web.state()
        let step = try web.step(back: steps, from: state)
        #expect(step.number == 6 - steps)
        #expect(step.hash == "\(texts[5 - steps].hash)")
        #expect(
            step.differences == PackageDifference.list(from: texts[5], to: texts[5 - steps])
        )
        let error = #expect(throws: FileError.self) { try web.step(back: 6, from: state) }
        #expect(error?.context?.contains("generation 1, which is the first") == true)
    }

    @Test(arguments: ["death", "full", "broken"])
    func aChangeThatFailsAnywhereLeavesTheOldStateOrTheNew(kind: String) throws {
        for word in ["commit", "switch", "create", "forget"] {
            var place = 0
            while true {
                let folder = try StoreFolder()
                let made = try NamedEnvironment(making: "web", in: folder.store())
                _ = try commit(made, ["a"])
                let count = Mutex(0)
                let at = place
                let calls = HostCalls(fault: { call in
                    let number = count.withLock { count in
                        count += 1
                        return count - 1
                    }
                    switch kind {
                    case "death" where number >= at:
                        return number == at && call == .write ? .short(7) : .error(EIO)
                    case "full" where number == at: return .error(ENOSPC)
                    case "broken" where number == at: return .error(EIO)
                    default: return nil
                    }
                })
                var isDone = false
                do {
                    let store = try Store(writing: folder.path, calls: calls)
                    switch word {
                    case "commit": _ = try commit(NamedEnvironment("web", in: store), ["b"])
                    case "switch":
                        let web = try NamedEnvironment("web", in: store)
                        try web.note("switch", current: 1, over: web.state())
                    case "forget": try NamedEnvironment("web", in: store).forget([1])
                    default: _ = try NamedEnvironment(making: "new", in: store)
                    }
                    isDone = true
                } catch let error as FileError {
                    #expect([.noSpace, .inputOutput].contains(error.kind), "\(error)")
                }
                let store = try folder.store()
                let web = try NamedEnvironment("web", in: store)
                let current = try web.state().current
                let new = word == "commit" ? 3 : word == "switch" ? 1 : 2
                #expect(current == new || !isDone && current == 2, "\(kind) \(word) at \(place)")
                let roots = try web.record(current).roots
                #expect(roots == (current == 1 ? [] : current == 2 ? ["a"] : ["b"]))
                // And it goes on.
                #expect(try commit(web, ["c"]) == (current == 3 ? 4 : 3))
                #expect(try web.record(web.state().current).roots == ["c"])
                if word == "create" {
                    let isMade = try NamedEnvironment.names(in: store).contains("new")
                    #expect(isMade || !isDone)
                    if !isMade { _ = try NamedEnvironment(making: "new", in: store) }
                    #expect(try NamedEnvironment("new", in: store).state().current == 1)
                }
                if count.withLock({ $0 }) <= at { break }
                place += 1
            }
            #expect(place > 6)
        }
    }

    @Test func aChangeAndARollbackWriteOneFile() throws {
        let folder = try StoreFolder()
        _ = try NamedEnvironment(making: "web", in: folder.store())
        let writes = Mutex(0)
        let calls = HostCalls(fault: { call in
            if call == .write { writes.withLock { $0 += 1 } }
            return nil
        })
        let web = try NamedEnvironment("web", in: Store(writing: folder.path, calls: calls))
        _ = try commit(web, ["a"])
        #expect(writes.withLock { $0 } == 1)
        try web.note("rollback", current: 1, over: web.state())
        #expect(writes.withLock { $0 } == 2)
    }

    @Test func aWayBackTakesNoMoreOfAThousandPackagesThanOfOne() throws {
        var calls: [Int: Int] = [:]
        for count in [1, 1000] {
            let folder = try StoreFolder()
            let made = try NamedEnvironment(making: "web", in: folder.store())
            let names = (0..<count).map { "package\($0)" }
            _ = try commit(made, names)
            for other in ["a", "b"] { _ = try commit(made, names + [other]) }
            let before = try folder.bytes("envs/web/log").count
            let seen = Mutex<(all: Int, written: Int)>((0, 0))
            let counting = HostCalls(fault: { call in
                seen.withLock { seen in
                    seen.all += 1
                    if [.write, .make, .rename, .makeFolder].contains(call) { seen.written += 1 }
                }
                return nil
            })
            let web = try NamedEnvironment("web", in: Store(writing: folder.path, calls: counting))
            seen.withLock { $0 = (0, 0) }
            let state = try web.state()
            try web.note("rollback", web.step(back: 1, from: state), over: state)
            let taken = seen.withLock { $0 }
            #expect(taken.written == 1)
            let grown = try folder.bytes("envs/web/log").count - before
            #expect(grown < 100)
            calls[count] = taken.all
            // What is added is written, and not what there is.
            let last = try web.state()
            var text = try web.record(last).text
            text.add(try #require(Self.package("c")))
            let roots = try web.record(last).roots
            _ = try web.commit(text, roots: roots, command: "", word: "add", over: last)
            let end = try folder.bytes("envs/web/log").count
            #expect(end - before - grown < 1000)
        }
        // Two generations and twice the last line are read in two parts each: the command that
        // they are told to be of has all the names.
        let few = try #require(calls[1])
        #expect(try #require(calls[1000]) <= few + 4, "\(calls)")
    }

    @Test func anEnvironmentThatIsDeletedIsGoneWithAllItHad() throws {
        let folder = try StoreFolder()
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        _ = try commit(web, ["a"])
        try web.delete()
        #expect(try NamedEnvironment.names(in: store).isEmpty)
        #expect(throws: FileError.self) { try web.state() }
        #expect(try NamedEnvironment(making: "web", in: store).state().current == 1)
    }

    @Test func whatIsForgottenIsNeitherCurrentNorPinnedNorOfTheLast() throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for name in ["a", "b", "c", "d", "e"] { _ = try commit(web, [name]) }
        try web.note("pin", argument: 3, over: web.state())
        try web.note("switch", current: 2, over: web.state())
        #expect(try web.forgettable(keeping: 1) == [1, 4, 5])
        try web.forget([1, 4, 5])
        #expect(try web.generations() == [2, 3, 6])
        let error = #expect(throws: FileError.self) { try web.record(4) }
        #expect(error?.kind == .notFound)
    }
}
