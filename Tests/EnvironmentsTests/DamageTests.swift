import FileTree
import Store
import Testing

@testable import Environments

/// What a log is that has other bytes than were written.
struct DamageTests {
    /// A package is in two places of its file: its bytes in frames, and its names in the index.
    @Test func whatHasADamagedIndexIsNotShown() throws {
        let folder = try StoreFolder()
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        let finder = EnvironmentFinder(stores: [store])
        for (name, member) in [("a", "opt/whole"), ("b", "opt/damaged")] {
            var change = try EnvironmentChange(web, finder)
            try change.take(["add", FitTests.package(name, ["\(member)=1"], in: folder)])
            _ = try change.commit(command: "add", word: "add")
        }
        try web.note("switch", current: 2, over: web.state())
        let shown = try StoredEnvironment("web", finder)
        let stored = try #require(web.record(3).text.package("b"))
        let path = "packages/" + (store.place(of: stored).split(separator: "/").last ?? "")
        var bytes = try folder.bytes(path)
        let name = Array("damaged".utf8)
        let places = bytes.indices.filter { bytes[$0...].starts(with: name) }
        bytes[try #require(places.last)] ^= 1
        try folder.write(bytes, path)
        // Nor is the table that was made of it when it was whole a reason to.
        for _ in 0..<2 {
            let error = #expect(throws: FileError.self) { try shown.note("switch", current: 3) }
            #expect(error?.kind == .malformed)
            #expect(error?.context?.contains("b-1.") == true)
            #expect(error?.context?.contains("its index is damaged") == true)
            #expect(try web.state().current == 2 && shown.current.record.number == 2)
            for name in try HostFolder.names(in: store.tables) {
                try folder.remove("tables/\(name)")
            }
        }
        try web.note("switch", current: 3, over: web.state())
        #expect(throws: FileError.self) { try StoredEnvironment("web", finder) }
    }

    @Test(arguments: ["block", "line", "end", "less", "more"])
    func aGenerationThatIsDamagedIsNotTakenForNone(kind: String) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for names in [["a"], ["b"], ["b", "c"]] { try web.commit(names) }
        try web.note("pin", argument: 2, over: web.state())
        var bytes = try folder.bytes("envs/web/log")
        let place = try #require(web.record(3).place)
        switch kind {
        case "block": bytes[place.at + 20] ^= 1
        case "line": bytes[place.at + place.length] ^= 1
        case "end":
            let end = try #require(bytes[(place.at + place.length)...].firstIndex(of: 10))
            bytes[end] ^= 1
        case "less": bytes.removeSubrange(place.at..<(place.at + 3))
        default: bytes.insert(contentsOf: "more\n".utf8, at: place.at)
        }
        try folder.write(bytes, "envs/web/log")
        // Whoever would write the log without it, or throw its packages away, is told.
        let whoAll: [(NamedEnvironment) throws -> Void] = [
            { _ = try $0.history() }, { _ = try $0.generations() },
            { try $0.forget([1]) }, { _ = try $0.forgettable(keeping: 1) },
            { try $0.each { _, _ in } },
        ]
        for asks in whoAll {
            let error = #expect(throws: FileError.self) { try asks(web) }
            #expect(error?.kind == .malformed)
            #expect(error?.context?.contains("environment web: log: byte \(place.at)") == true)
        }
        #expect(try folder.bytes("envs/web/log") == bytes)
        // Who asks which are whole is told of those, and of the damage.
        var damages: [FileError] = []
        var numbers: [Int] = []
        try web.each(damaged: { damages.append($0) }) { number, _ in numbers.append(number) }
        #expect(damages.count == 1)
        #expect(numbers == (kind == "more" ? [1, 2, 3, 4] : [1, 2, 4]))
        // What can be read is told, and what cannot.
        damages = []
        let told = try web.told { damages.append($0) }
        #expect(damages.count == 1)
        #expect(told.map(\.line.word).filter { $0 == "add" }.count == (kind == "more" ? 3 : 2))
        #expect(told.last?.line.word == "pin")
        // What is sound goes on.
        #expect(try web.state().current == 4)
        if kind != "less", kind != "more" { #expect(try web.record(2).roots == ["a"]) }
    }

    /// What is damaged of what is current: its block, the line behind it, the numbers of its
    /// packages, or the one that it differs from.
    @Test(arguments: ["block", "line", "less", "known", "base"])
    func whatIsCurrentAndDamagedIsLeftForWhatIsWhole(kind: String) throws {
        let folder = try StoreFolder()
        var web = try NamedEnvironment(making: "web", in: folder.store())
        let long = (0..<40).map { "package\($0)" }
        for names in [["a"], ["a", "b"], kind == "base" || kind == "known" ? long : ["c"]] {
            try web.commit(names)
        }
        if kind == "base" { try web.commit(long + ["d"]) }
        let damaged = kind == "base" ? 5 : 4
        let place = try #require(web.record(damaged).place)
        try web.note("pin", argument: 2, over: web.state())
        if kind == "known" || kind == "base" {
            for name in ["known", "known.copy"] { try folder.write([], name) }
        } else {
            var bytes = try folder.bytes("envs/web/log")
            switch kind {
            case "block": bytes[place.at + 20] ^= 1
            case "line": bytes[place.at + place.length] ^= 1
            default: bytes.removeSubrange(place.at..<(place.at + 3))
            }
            try folder.write(bytes, "envs/web/log")
        }
        // As who has read nothing of it so far.
        web = try NamedEnvironment("web", in: folder.store())
        let state = try web.state()
        #expect(state.current == damaged)
        #expect(throws: FileError.self) { try web.current() }
        // To any that is whole, by its number and back, with the damage named.
        let ways = [
            try web.step(to: 3, from: state), try web.step(to: 2, from: state),
            try web.step(back: damaged - 3, from: state),
            try web.step(back: damaged - 2, from: state),
        ]
        #expect(ways.map(\.number) == [3, 2, 3, 2])
        for way in ways {
            #expect(way.damage?.context?.hasPrefix("generation \(damaged): ") == true)
            #expect(way.needed == (try web.record(way.number).text.packages))
            #expect(way.hash == (try web.record(way.number).hash))
        }
        // To one that is not there, or damaged itself, as ever.
        #expect(throws: FileError.self) { try web.step(to: 99, from: state) }
        #expect(throws: FileError.self) { try web.step(back: 99, from: state) }
        try web.note("rollback", ways[2], over: state)
        #expect(try web.current().record.roots == ["a", "b"])
        #expect(throws: FileError.self) { try web.step(to: 4, from: web.state()) }
        try web.commit(["e"])
        #expect(try web.current().record.roots == ["e"])
    }

    /// What has a right sum and means nothing here, as a later program may have written it: in
    /// front of the hash or behind it, what is current by its own line or by another.
    @Test(arguments: ["command", "rules"], [true, false])
    func whatIsCurrentAndMeansNothingIsLeftForWhatDoes(kind: String, isOwnLine: Bool) throws {
        let folder = try StoreFolder()
        let web = try NamedEnvironment(making: "web", in: folder.store())
        for names in [["a"], ["a", "b"], ["c"]] { try web.commit(names) }
        let place = try #require(web.record(4).place)
        let bytes = try folder.bytes("envs/web/log")
        var block = Array(bytes[place.at..<(place.at + place.length)])
        if kind == "rules" {
            block += Array("rules\nbecome a b\n".utf8)
        } else {
            let known = Array("command".utf8)
            let lines = block.split(separator: 10).map { line in
                line.starts(with: known) ? Array("become".utf8) + line.dropFirst(7) : Array(line)
            }
            block = Array(lines.joined(separator: [10])) + [10]
        }
        var line = try web.state()
        line.length = block.count
        let front = Array(bytes[..<place.at])
        try folder.write(front + line.bytes(behind: block), "envs/web/log")
        if !isOwnLine { try web.note("pin", argument: 2, over: web.state()) }
        let state = try web.state()
        #expect(state.current == 4)
        #expect(throws: FileError.self) { try web.current() }
        let ways = [
            try web.step(to: 3, from: state), try web.step(to: 2, from: state),
            try web.step(back: 1, from: state), try web.step(back: 2, from: state),
        ]
        #expect(ways.map(\.number) == [3, 2, 3, 2])
        for way in ways {
            let damage = try #require(way.damage)
            #expect(damage.kind == .malformed && damage.context?.contains("become") == true)
        }
        // The others are found by their identity as ever, and what there is not is not told of.
        let hash = try web.record(2).hash
        #expect(try web.find(String(hash.prefix(8)))?.number == 2)
        if kind == "command" {
            let error = #expect(throws: FileError.self) { try web.find("0123456789") }
            #expect(error?.kind == .malformed)
        }
        try web.note("rollback", ways[2], over: state)
        #expect(try web.current().record.roots == ["a", "b"])
    }
}
