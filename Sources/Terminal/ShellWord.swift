/// A word of a command that is told for somebody to type.
package enum ShellWord {
    /// The word as a shell takes it for what it is.
    package static func quoted(_ word: some StringProtocol) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || "/.,=:@%+_-".utf8.contains(byte)
        }
        if plain, !word.isEmpty { return String(word) }
        let inner = word.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + inner.joined(separator: "'\\''") + "'"
    }
}
