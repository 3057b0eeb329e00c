// Names may be any text, and Swift takes a letter and what combines with it for one: a separator in
// front of such a sign is none to `split`. What is a path or a line of words is parted by bytes.
extension StringProtocol {
    /// The parts between a separator of ASCII, as `split` gives them, whatever stands behind it.
    package func parts(
        at separator: Unicode.Scalar,
        maxSplits: Int = .max,
        omittingEmptySubsequences: Bool = true
    ) -> [SubSequence] {
        let byte = UInt8(ascii: separator)
        var parts: [SubSequence] = []
        var start = startIndex
        func end(at index: Index) {
            if start < index || !omittingEmptySubsequences { parts.append(self[start..<index]) }
        }
        for index in utf8.indices where utf8[index] == byte {
            guard parts.count < maxSplits else { break }
            end(at: index)
            start = utf8.index(after: index)
        }
        end(at: endIndex)
        return parts
    }
}
