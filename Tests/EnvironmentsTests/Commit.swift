import Testing

@testable import Environments

extension NamedEnvironment {
    /// Makes a generation of the packages of these names, and gives its number.
    @discardableResult
    func commit(_ names: [String]) throws -> Int {
        var text = EnvironmentText()
        for name in names { text.add(try #require(GenerationTests.package(name))) }
        return try commit(
            text,
            roots: names,
            command: "add \(names)",
            word: "add",
            over: state(),
            time: 1000
        ).number
    }
}
