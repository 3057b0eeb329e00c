import Glibc

/// What a program does around its work.
public enum MainProgram {
    /// Does the work of the program `name`, and ends: tells what went wrong, with the status that a
    /// complaint names or 1, and leaves other errors to `otherwise`.
    public static func run(
        as name: String,
        _ body: () throws -> Void,
        otherwise: (any Error) -> Never
    ) -> Never {
        openStandardDescriptors()
        do {
            try body()
            try Stream.standardOutput.check()
            exit(0)
        } catch let complaint as Complaint {
            complaint.print(as: name)
            exit(complaint.status)
        } catch let failure as Stream.Failure {
            // Whoever read the output has enough of it.
            if failure.isBrokenPipe { exit(0) }
            Complaint("standard output: \(failure.reason)").print(as: name)
            exit(1)
        } catch {
            otherwise(error)
        }
    }

    /// Opens what of the descriptors 0, 1 and 2 is closed, so that no file or socket takes its
    /// number and gets what is printed.
    private static func openStandardDescriptors() {
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
}
