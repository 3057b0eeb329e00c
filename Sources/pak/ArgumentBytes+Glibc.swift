import Glibc
import Terminal

/// The words of the command line as they were given: names of the host need not be UTF-8.
enum ArgumentBytes {
    /// The last words, those of a command that is passed on.
    static func last(_ count: Int) -> [[UInt8]] {
        let all = max(1, Int(CommandLine.argc))
        return (max(1, all - count)..<all).map(word)
    }

    /// Refuses what cannot be read as text, for the parser and all that it fills reads each byte
    /// that is no UTF-8 as another character: what was named would not be what is meant.
    ///
    /// The last `count` words are somebody else's.
    static func checkText(butLast count: Int, status: Int32) throws(Complaint) {
        for index in 1..<max(1, Int(CommandLine.argc) - count) {
            let bytes = word(index)
            let text = String(decoding: bytes, as: UTF8.self)
            guard !text.utf8.elementsEqual(bytes) else { continue }
            throw Complaint(
                "\(text): names that are not UTF-8 are not taken",
                try: "a link to it with another name",
                status: status
            )
        }
    }

    private static func word(_ index: Int) -> [UInt8] {
        guard let text = CommandLine.unsafeArgv[index] else { return [] }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}
