/// What is to be run in a view.
public struct Command: Sendable {
    /// The program and its arguments: a name without a slash is looked for along PATH, in the view.
    public var words: [[UInt8]]
    /// `NAME=value`, all that the program gets.
    public var environment: [[UInt8]]
    /// The working directory, a path in the view.
    public var directory: [UInt8]
    /// The command is not run where there is no such directory in the view, or none to be entered;
    /// else it runs in `/` then.
    public var needsDirectory = false

    /// Makes a command of bytes, which need not be text.
    public init(_ words: [[UInt8]], environment: [[UInt8]], directory: [UInt8]) {
        self.words = words
        self.environment = environment
        self.directory = directory
    }

    /// Makes a command of text.
    public init(_ words: [String], environment: [String], directory: String) {
        self.init(
            words.map { Array($0.utf8) },
            environment: environment.map { Array($0.utf8) },
            directory: Array(directory.utf8)
        )
    }

    /// The paths where the program may be, in the order in which they are tried.
    var candidates: [[UInt8]] {
        guard let name = words.first, !name.isEmpty else { return [] }
        guard !name.contains(UInt8(ascii: "/")) else { return [name] }
        let path = value(of: "PATH") ?? Array("/usr/local/bin:/usr/bin:/bin".utf8)
        return path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
            $0.isEmpty ? Array("./".utf8) + name : $0 + [UInt8(ascii: "/")] + name
        }
    }

    private func value(of variable: String) -> [UInt8]? {
        let start = Array("\(variable)=".utf8)
        return environment.first { $0.starts(with: start) }.map { Array($0[start.count...]) }
    }
}
