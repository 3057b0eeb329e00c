public import ArgumentParser
import Glibc

extension ParsableCommand {
    /// Runs the command as a program does: parses, runs, tells what went wrong, and ends with the
    /// status that says so: 0 done, 1 cannot be had, 2 or `usage` for a command line that makes no
    /// sense, or what a complaint names.
    ///
    /// `words` are the program's arguments, if not all that there are, and `name` is the program's
    /// own, if it is not this command's.
    public static func runProgram(
        _ words: [String]? = nil,
        as name: String? = nil,
        usage: Int32 = 2
    ) -> Never {
        let name = name ?? _commandName
        MainProgram.run(as: name) {
            var command = try parseAsRoot(words)
            try command.run()
        } otherwise: { error in
            guard exitCode(for: error) == .validationFailure else {
                // Help, a completion script, or an exit that a command asked for.
                Self.exit(withError: error)
            }
            Complaint(message(for: error), try: "\(name) --help").print(as: name)
            Glibc.exit(usage)
        }
    }
}
