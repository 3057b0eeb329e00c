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
        openStandardDescriptors()
        do {
            var command = try parseAsRoot(words)
            try command.run()
            try Stream.standardOutput.check()
            Glibc.exit(0)
        } catch let complaint as Complaint {
            complaint.print(as: name)
            Glibc.exit(complaint.status)
        } catch let failure as Stream.Failure {
            // Whoever read the output has enough of it.
            if failure.isBrokenPipe { Glibc.exit(0) }
            Complaint("standard output: \(failure.reason)").print(as: name)
            Glibc.exit(1)
        } catch {
            guard exitCode(for: error) == .validationFailure else {
                // Help, a completion script, or an exit that a command asked for.
                Self.exit(withError: error)
            }
            Complaint(message(for: error), try: "\(name) --help").print(as: name)
            Glibc.exit(usage)
        }
    }
}

/// Opens what of the descriptors 0, 1 and 2 is closed, so that no file or socket takes its number
/// and gets what is printed.
private func openStandardDescriptors() {
    while true {
        let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard (0...2).contains(descriptor) else {
            if descriptor > 2 { close(descriptor) }
            return
        }
        // Kept over an exec, as standard descriptors are.
        _ = fcntl(descriptor, F_SETFD, 0)
    }
}
