/// What is to be run in a view.
public struct Command: Sendable {
    /// The program and its arguments: a name without a slash is looked for along PATH, in the view.
    public var words: [String]
    /// `NAME=value`, all that the program gets.
    public var environment: [String]
    /// The working directory, a path in the view; `/` when there is none such.
    public var directory: String

    /// Makes a command.
    public init(_ words: [String], environment: [String], directory: String) {
        self.words = words
        self.environment = environment
        self.directory = directory
    }
}
