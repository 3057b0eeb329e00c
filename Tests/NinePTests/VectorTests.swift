import FileTree
import NineP
import Testing

@Suite struct VectorTests {
    static let all = Vector.plain + Vector.unix + Vector.linux

    @Test(arguments: all)
    func bytesAreReadAndWrittenAsTheManualLaysThemOut(vector: Vector) throws {
        #expect(MessageTextTests.line(vector.bytes, vector.dialect) == vector.line)
        #expect(try MessageText.message(vector.line, tag: 0, vector.dialect) == vector.bytes)
        let type = try #require(MessageType(rawValue: vector.bytes[4]))
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            #expect(try reencoded(M.self, vector.bytes, vector.dialect) == vector.bytes)
        }
    }

    @Test func everyTypeHasAVector() {
        let missing = Set(MessageType.allCases.map(\.rawValue)).subtracting(
            Self.all.map { $0.bytes[4] }
        )
        #expect(missing.isEmpty, "\(missing.sorted())")
    }
}
