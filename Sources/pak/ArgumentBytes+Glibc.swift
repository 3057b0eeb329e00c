import FileTree
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
        var isPath = false
        for index in 1..<max(1, Int(CommandLine.argc) - count) {
            let bytes = word(index)
            // What is shown in a view may have any name.
            let mayBeBytes =
                isPath || paths.contains { bytes.starts(with: Array("\($0)=".utf8)) }
            isPath = !isPath && paths.contains { bytes == Array($0.utf8) }
            if mayBeBytes { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            guard !text.utf8.elementsEqual(bytes) else { continue }
            throw Complaint(
                "\(text): names that are not UTF-8 are not taken",
                try: "a link to it with another name",
                status: status
            )
        }
    }

    /// The options whose values are taken as bytes.
    private static let paths = ["--bind", "--at"]

    /// The values of such an option as they were given, by the text that the parser made of them.
    static func values(of option: String, _ texts: [String]) -> [PathBytes] {
        var all = (1..<max(1, Int(CommandLine.argc))).map(word)
        return texts.map { text in
            // A word that reads so behind the option, or with it.
            for (index, bytes) in all.enumerated() {
                let isJoined = bytes.starts(with: "\(option)=".utf8)
                let isBehind = index > 0 && all[index - 1] == Array(option.utf8)
                let value = isJoined ? Array(bytes.dropFirst(option.utf8.count + 1)) : bytes
                guard isJoined || isBehind, String(decoding: value, as: UTF8.self) == text else {
                    continue
                }
                all[index] = []
                return PathBytes(value)
            }
            return PathBytes(text)
        }
    }

    private static func word(_ index: Int) -> [UInt8] {
        guard let text = CommandLine.unsafeArgv[index] else { return [] }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}
