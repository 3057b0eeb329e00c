import FileTree
import Glibc
import Store
import Synchronization
import Terminal
import Testing

@testable import Environments

/// What goes on when generations are forgotten, before, beside and behind it.
struct ForgetTests {
    /// An environment of `count` generations, each of the one before and a package more.
    private func chain(_ count: Int, _ folder: StoreFolder) throws -> NamedEnvironment {
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for number in 2...count { try web.commit((2...number).map { "p\($0)" }) }
        return web
    }

    @Test(arguments: [true, false])
    func aGenerationIsReachedOverOnesThatWereForgotten(isBack: Bool) throws {
        let folder = try StoreFolder()
        let web = try chain(7, folder)
        let (from, to) = isBack ? (7, 2) : (2, 7)
        if from != 7 { try web.note("switch", current: from, over: web.state()) }
        try web.forget([3, 5])
        let state = try web.state()
        let step = try web.step(to: to, from: state)
        #expect(step.number == to)
        let texts = try (web.record(from).text, web.record(to).text)
        #expect(step.hash == "\(texts.1.hash)")
        #expect(step.differences == PackageDifference.list(from: texts.0, to: texts.1))
        #expect(step.differences.count == 5)
        try web.note("switch", step, over: state)
        #expect(try web.record(web.state()).number == to)
        // What it was made of is another question.
        try web.note("switch", current: 6, over: web.state())
        let error = #expect(throws: FileError.self) { try web.step(back: 1, from: web.state()) }
        #expect(error?.kind == .notFound)
        #expect(error?.context?.contains("generation 5") == true)
    }

    @Test func whereGenerationsAreIsKnownAndNotBelieved() throws {
        let folder = try StoreFolder()
        let web = try chain(7, folder)
        let places = GenerationPlaces()
        func agrees(_ numbers: [Int]) throws {
            for number in numbers {
                #expect(try web.record(number, places: places) == web.record(number))
            }
        }
        try agrees([3, 7, 1])
        // All behind them are elsewhere then, and where one was may be another.
        try web.forget([3, 5])
        try agrees([7, 6, 4, 2, 1])
        for number in [3, 5, 8] {
            let error = #expect(throws: FileError.self) {
                try web.record(number, places: places)
            }
            #expect(error?.kind == .notFound)
        }
        try web.commit(["later"])
        try agrees([8, 2])
        // Another log, which is shorter.
        try folder.remove("envs/web/log")
        let other = try NamedEnvironment(making: "other", in: folder.store())
        try other.commit(["x"])
        try folder.write(folder.bytes("envs/other/log"), "envs/web/log")
        try agrees([1, 2])
        #expect(throws: FileError.self) { try web.record(4, places: places) }
        // What is damaged is told as it is without.
        var bytes = try folder.bytes("envs/web/log")
        let first = try other.record(1)
        bytes[(first.place?.length ?? 0) - 2] ^= 1
        try folder.write(bytes, "envs/web/log")
        let error = #expect(throws: FileError.self) { try web.record(1, places: places) }
        #expect(error == #expect(throws: FileError.self) { try web.record(1) })
        #expect(error?.kind == .malformed)
    }

    /// As long as tables fill the disk, and when something else does.
    @Test(arguments: [true, false])
    func forAForgettingOnAFullDiskTablesGo(helps: Bool) throws {
        let folder = try StoreFolder()
        let web = try chain(5, folder)
        try folder.makeFolder("tables")
        for name in ["a.union", "b.union.1.1"] { try folder.write([1], "tables/\(name)") }
        let before = try folder.bytes("envs/web/log")
        let calls = HostCalls(fault: { call in
            let tables = (try? HostFolder.names(in: "\(folder.path)/tables")) ?? []
            return call == .write && !(helps && tables.isEmpty) ? .error(ENOSPC) : nil
        })
        let full = try NamedEnvironment("web", in: Store(writing: folder.path, calls: calls))
        if helps {
            #expect(try full.forget(keeping: 1) == [1, 2, 3, 4])
            #expect(try web.generations() == [5])
        } else {
            let error = #expect(throws: FileError.self) { try full.forget(keeping: 1) }
            #expect(error?.kind == .noSpace)
            #expect(try folder.bytes("envs/web/log") == before)
        }
        #expect(try HostFolder.names(in: "\(folder.path)/tables").isEmpty)
        #expect(try web.record(5).roots == ["p2", "p3", "p4", "p5"])
    }

    /// `pak gc --keep` beside `pak add`: what is missing is a state that is current no more.
    @Test func aPackageThatIsCollectedUnderAChangeIsAnotherChange() throws {
        let folder = try StoreFolder()
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        let finder = EnvironmentFinder(stores: [store])
        func package(_ name: String) throws -> String {
            try FitTests.package(name, ["opt/\(name)=1"], in: folder)
        }
        do {
            var first = try EnvironmentChange(web, finder)
            try first.take(["add", package("a"), package("b")])
            _ = try first.commit(command: "add", word: "add")
        }
        var slow = try EnvironmentChange(web, finder)
        try slow.take(["add", package("c")])
        var fast = try EnvironmentChange(web, finder)
        try fast.take(["rm", "a"])
        _ = try fast.commit(command: "rm", word: "rm")
        _ = try web.forget(keeping: 1)
        for name in try HostFolder.names(in: store.tables) { try folder.remove("tables/\(name)") }
        let gone = try StoreFolder.collect(folder.path)
        #expect(gone.packages.filter(\.reasons.isEmpty).map(\.package.name) == ["a"])
        let refused = #expect(throws: Complaint.self) {
            try slow.commit(command: "add", word: "add")
        }
        #expect(refused?.status == 7)
        #expect(refused?.text.contains("changed meanwhile, generation 3") == true)
        var again = try EnvironmentChange(web, finder)
        try again.take(["add", package("c")])
        #expect(try again.commit(command: "add", word: "add").number == 4)
    }

    @Test func whereAGenerationIsIsToldWhileNobodyElseWrites() throws {
        let folder = try StoreFolder()
        let web = try chain(6, folder)
        try web.note("switch", current: 2, over: web.state())
        let state = try web.state()
        let step = try web.step(to: 6, from: state)
        // Between the question and the answer; the line of what is current stays as it is.
        try web.forget([3, 4])
        #expect(try web.state() == state)
        try web.note("switch", step, over: state)
        #expect(try web.record(web.state()).number == 6)
        #expect(try web.record(6).roots == ["p2", "p3", "p4", "p5", "p6"])
        try web.commit(["a"])
        #expect(try web.generations() == [1, 2, 5, 6, 7])
    }

    @Test func whatWasForgottenMeanwhileDoesNotBecomeCurrent() throws {
        let folder = try StoreFolder()
        let web = try chain(6, folder)
        try web.note("switch", current: 2, over: web.state())
        let state = try web.state()
        let step = try web.step(to: 5, from: state)
        try web.forget([5])
        let error = #expect(throws: FileError.self) { try web.note("switch", step, over: state) }
        #expect(error?.kind == .notFound)
        #expect(throws: FileError.self) { try web.note("pin", argument: 5, over: state) }
        #expect(try web.state() == state)
        #expect(try NamedEnvironment.pins(web.history()).isEmpty)
    }

    @Test func aLineThatNamesAWrongPlaceIsReadByTheNumber() throws {
        let folder = try StoreFolder()
        let web = try chain(4, folder)
        // As it was written beside a forgetting, and past the log's end.
        var line = try web.state()
        (line.line, line.current, line.word, line.at, line.length) = (5, 3, "switch", 1 << 20, 0)
        try folder.write(folder.bytes("envs/web/log") + line.bytes(behind: []), "envs/web/log")
        let state = try web.state()
        #expect(state == line)
        #expect(try web.record(state).roots == ["p2", "p3"])
        #expect(try web.record(3).number == 3)
        #expect(try web.step(back: 1, from: state).number == 2)
        #expect(try web.step(to: 4, from: state).differences.count == 1)
        #expect(try web.origin(of: web.record(2).text.packages[0], in: state).number == 2)
        try web.note("pin", argument: 2, over: state)
        #expect(try web.state().at < 1 << 20)
        #expect(try web.commit(["a"]) == 5)
        #expect(try web.record(5).parent == 3)
    }

    @Test func whatIsPinnedWhileAForgettingBeginsIsKept() throws {
        let folder = try StoreFolder()
        let web = try chain(4, folder)
        let isFirst = Mutex(true)
        let calls = HostCalls(fault: { call in
            guard call == .lock, isFirst.withLock({ $0 }) else { return nil }
            isFirst.withLock { $0 = false }
            // Just before it holds the lock; what goes wrong is seen below.
            if let state = try? web.state() { try? web.note("pin", argument: 2, over: state) }
            return nil
        })
        let other = try NamedEnvironment("web", in: Store(writing: folder.path, calls: calls))
        #expect(try other.forget(keeping: 1) == [1, 3])
        #expect(try NamedEnvironment.pins(web.history()) == [2])
        #expect(try web.record(2).roots == ["p2"])
    }

    @Test func whatIsDeletedOrForgottenMeanwhileIsToldAsThat() throws {
        let folder = try StoreFolder()
        let web = try chain(3, folder)
        let state = try web.state()
        try web.forget([2])
        #expect([1, 2, 3].map(web.isThere) == [true, false, true])
        try NamedEnvironment("web", in: folder.store()).delete()
        #expect(!web.isThere(3))
        func refused(_ body: () throws -> Void) {
            let error = #expect(throws: FileError.self) { try body() }
            #expect(error?.kind == .notFound)
            #expect(error?.context == "environment web: deleted meanwhile")
        }
        refused { try web.note("pin", argument: 3, over: state) }
        refused { try web.delete() }
        // One that has a lock, and no log any more.
        try folder.makeFolder("envs/web")
        try folder.write([], "envs/web/lock")
        let other = try NamedEnvironment("web", in: folder.store())
        refused { try other.note("pin", argument: 3, over: state) }
    }

    @Test func allGenerationsAreReadOnceEach() throws {
        let folder = try StoreFolder()
        let made = try NamedEnvironment(making: "web", in: folder.store())
        var names = (0..<100).map { "base\($0)" }
        for number in 0..<40 {
            names.append("p\(number)")
            try made.commit(names)
        }
        #expect(try made.record(30).place?.base != nil)
        let hash = try made.record(2).hash
        let seen = Mutex<(reads: Int, opens: Int)>((0, 0))
        let calls = HostCalls(fault: { call in
            seen.withLock { seen in
                if call == .read { seen.reads += 1 }
                if call == .open { seen.opens += 1 }
            }
            return nil
        })
        let web = try NamedEnvironment("web", in: Store(writing: folder.path, calls: calls))
        func taken(_ body: () throws -> Void) rethrows -> (reads: Int, opens: Int) {
            seen.withLock { $0 = (0, 0) }
            try body()
            return seen.withLock { $0 }
        }
        // One for each of them, and more for the few that are whole, each of which is a list.
        var numbers: [Int] = []
        let each = try taken {
            try web.each { (_, record) throws(FileError) in numbers.append(try record().number) }
        }
        #expect(numbers == Array(1...41))
        #expect(each.reads <= 60)
        #expect(each.opens <= 9)
        var second: GenerationRecord?
        let found = try taken { second = try web.find(hash) }
        #expect(second?.number == 2)
        #expect(found.reads <= 60)
        #expect(found.opens <= 9)
        let forgotten = try taken { try web.forget([3, 20]) }
        #expect(forgotten.reads <= 60)
        #expect(try web.record(40).text == made.record(40).text)
        #expect(try web.generations().count == 39)
    }
}
