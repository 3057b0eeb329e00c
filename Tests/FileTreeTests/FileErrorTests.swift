import FileTree
import Testing

@Suite struct FileErrorTests {
    @Test(arguments: FileError.Kind.allCases)
    func everyKindHasATextThatFitsAndANumberThatLeadsBack(kind: FileError.Kind) {
        #expect(kind.text.utf8CodeUnitCount <= 128)
        #expect((1...511).contains(kind.number))
        #expect(FileError.Kind(number: Int32(kind.number)).number == kind.number)
    }
}
