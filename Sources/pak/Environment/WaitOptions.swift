import ArgumentParser
import Glibc
import Terminal

/// How long a command waits while another changes the same environment.
struct WaitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Wait so many seconds for another command that changes the same.",
            valueName: "seconds"
        )
    )
    var wait: Int?

    func validate() throws {
        guard let wait else { return }
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400") }
    }

    /// Does `body`, from its beginning again while it finds that another was faster, until the
    /// time is over.
    func retrying<Result>(_ body: () throws -> Result) throws -> Result {
        let start = ContinuousClock.now
        while true {
            do { return try body() } catch let complaint as Complaint {
                guard complaint.status == Self.busy, let wait,
                    ContinuousClock.now - start < .seconds(wait)
                else { throw complaint }
            }
            // Who changes it says nothing when it is done: its lock is looked at again.
            usleep(20_000)
        }
    }

    /// The status of a command that another one was faster than.
    static let busy: Int32 = 7
}
