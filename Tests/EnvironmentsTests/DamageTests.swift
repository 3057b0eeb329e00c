import FileTree
import Store
import Testing

@testable import Environments

/// What a log is that has other bytes than were written.
struct DamageTests {
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
            { _ = try $0.history() }, { _ = try $0.generations() }, { _ = try $0.pins() },
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
        // What is sound goes on.
        #expect(try web.state().current == 4)
        if kind != "less", kind != "more" { #expect(try web.record(2).roots == ["a"]) }
    }
}
