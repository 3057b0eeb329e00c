import FileTree

/// The topmost control file: words for the first environment of the stores, or for the one that a
/// name with a colon in front of them names.
package struct ServerControl: Sendable {
    private let environments: [(name: String, control: EnvironmentControl)]

    package init(_ environments: [(name: String, control: EnvironmentControl)]) {
        self.environments = environments
    }

    /// What it says, and takes.
    package var words: ControlWords {
        ControlWords(
            text: { environments.map { "\($0.name)\n\($0.control.status)" }.joined() },
            take: { (line) throws(FileError) in
                let (name, word) = Self.parts(of: line)
                guard let name else {
                    guard let usual = environments.first else { throw FileError(.notFound) }
                    return try usual.control.take(word)
                }
                let wanted = environments.first { $0.name == name }
                guard let wanted else {
                    let error = FileError(.notFound, "environment \(name)")
                    environments.first?.control.refuse(error)
                    throw error
                }
                try wanted.control.take(word)
            },
            refuse: { environments.first?.control.refuse($0) },
            isSlow: { EnvironmentControl.isSlow(Self.parts(of: $0).word) }
        )
    }

    /// The environment that a line names, if it does, and what it says to it.
    private static func parts(of line: String) -> (name: Substring?, word: String) {
        let parts = line.parts(at: " ", maxSplits: 1)
        guard let first = parts.first, first.hasSuffix(":") else { return (nil, line) }
        return (first.dropLast(), parts.count == 2 ? String(parts[1]) : "")
    }
}
