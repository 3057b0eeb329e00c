import Glibc
import Testing

/// Runs viewcheck as different users, so that each way into a view is tried.
struct Views {
    /// Who makes a view.
    enum Maker: CaseIterable, CustomTestStringConvertible {
        /// Root, without a user namespace.
        case root
        /// Root, with one.
        case rootWithUsers
        /// A user without any right: 65534, when root runs the tests, else whoever does.
        case user

        var testDescription: String {
            switch self {
            case .root: "root"
            case .rootWithUsers: "root in a user namespace"
            case .user: "a user"
            }
        }

        /// Whether it can be tried here; else the reason why not.
        static var allHere: [Maker] {
            guard geteuid() == 0 else {
                print("views are tried as this user alone: root would try them as root, too")
                return [.user]
            }
            return allCases
        }
    }

    let maker: Maker
    /// A folder of the user's own.
    let scratch: Scratch

    init(_ maker: Maker) throws {
        self.maker = maker
        scratch = try Scratch()
        // Where the tests were built may be closed to the user.
        try scratch.shell("cp '\(Program.viewcheck.path)' viewcheck; chmod 755 . viewcheck")
        if geteuid() == 0, maker == .user { chown(scratch.path, 65534, 65534) }
    }

    private func line(_ arguments: [String]) -> (program: Program, words: [String]) {
        var words = [scratch("viewcheck")]
        if maker == .rootWithUsers { words.append("-users") }
        words += arguments
        guard geteuid() == 0, maker == .user else {
            return (Program(path: words[0]), Array(words.dropFirst()))
        }
        let user = ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
        return (Program(path: "/usr/bin/setpriv"), user + words)
    }

    /// Starts a view, and what comes behind `--` in it.
    func start(_ arguments: String..., input: Int32? = nil) throws -> Program.Running {
        try start(arguments, input: input)
    }

    /// Starts a view, and what comes behind `--` in it.
    func start(
        _ arguments: [String],
        input: Int32? = nil,
        apart: Bool = false
    ) throws -> Program.Running {
        let (program, words) = line(arguments)
        return try program.start(words, input: input, apart: apart)
    }

    /// Starts a view likewise, as the leader of a session: nobody outside has its group for a job.
    func startAlone(_ arguments: [String], input: Int32? = nil) throws -> Program.Running {
        let (program, words) = line(arguments)
        return try Program(path: "/usr/bin/setsid").start([program.path] + words, input: input)
    }

    /// Runs a view to its end.
    func run(_ arguments: String...) throws -> Program.Outcome { try run(arguments) }

    /// Runs a view to its end.
    func run(_ arguments: [String]) throws -> Program.Outcome {
        let (program, words) = line(arguments)
        return try program.run(words)
    }

    /// The line to type into a shell.
    func typed(_ arguments: String) -> String {
        let (program, words) = line([])
        return ([program.path] + words).joined(separator: " ") + " " + arguments
    }
}

extension Program {
    static let viewcheck = treecheck.beside("viewcheck")

    private func beside(_ name: String) -> Program {
        Program(
            path: path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/" + name
        )
    }
}
