public import FileTree

/// What is told to the user when a command cannot go on: a line `program: what: why`, and a line
/// `try:` with what would help.
public struct Complaint: Error, Sendable, Hashable {
    /// What failed and why.
    public var text: String
    /// Lines to be printed before the complaint: all that stands in the way.
    public var details: [String] = []
    /// A command or an option that would help; nil where none is known.
    public var cure: String?
    /// The status that the command ends with.
    public var status: Int32
    /// What kind of error it is of; nil where it is of none, or of several.
    public private(set) var kind: FileError.Kind?

    /// Makes a complaint.
    public init(_ text: String, try cure: String? = nil, status: Int32 = 1) {
        self.text = text
        self.cure = cure
        self.status = status
    }

    /// Makes a complaint of an error, with `what` in front where the error's context lacks it.
    public init(_ what: String, _ error: FileError, try cure: String? = nil, status: Int32 = 1) {
        let told = error.context?.contains(what) == true ? error : error.at(what)
        self.init(told.description, try: cure, status: status)
        kind = error.kind
    }

    /// Makes a complaint of an error that says itself what failed.
    public init(_ error: FileError, try cure: String? = nil, status: Int32 = 1) {
        self.init(error.description, try: cure, status: status)
        kind = error.kind
    }

    /// Prints it on standard error.
    public func print(as program: String) {
        var lines = details.map { Visible.text($0) + "\n" }.joined()
        lines += "\(program): \(Visible.text(text))\n"
        if let cure { lines += "try: \(Visible.text(cure))\n" }
        Stream.standardError.write(lines)
    }
}
