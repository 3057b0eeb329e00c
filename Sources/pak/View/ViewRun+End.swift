import Namespaces
import Terminal

extension ViewRun {
    /// Runs a command in a view, and ends as it does; `choose` opens the packages.
    static func runToEnd(
        _ words: [[UInt8]],
        _ choose: () throws(Complaint) -> ViewChoice
    ) throws -> Never {
        Foreground.take()
        try endingAsOurs(words) { () throws(Complaint) in try ViewRun(choose(), words).run() }
    }

    /// Runs a command in the view that the arguments choose, and ends as it does.
    ///
    /// With `usual` it sees the environment in use when nothing is named.
    static func runToEnd(
        _ arguments: ViewArguments,
        _ words: [[UInt8]],
        usual: Bool = true
    ) throws -> Never {
        try runToEnd(words) { () throws(Complaint) in try arguments.choice(usual: usual) }
    }

    /// Ends as the command does that `body` runs; what goes wrong besides has a status of its own.
    static func endingAsOurs(
        _ words: [[UInt8]],
        _ body: () throws(Complaint) -> Ending
    ) throws -> Never {
        do throws(Complaint) {
            let ending = try body()
            do throws(Stream.Failure) { try Stream.standardOutput.check() } catch {
                if ending == .exited(0), !error.isBrokenPipe {
                    throw Complaint("standard output: \(error.reason)")
                }
            }
            finish(ending, words)
        } catch {
            var error = error
            error.status = ownStatus
            throw error
        }
    }

    /// The status for what is no fault of the command.
    static let ownStatus: Int32 = 125

    /// The user's shell.
    static var shell: [[UInt8]] { [HostNames.variableBytes("SHELL") ?? Array("/bin/sh".utf8)] }

    /// Says why a command never began, and ends as it did.
    private static func finish(_ ending: Ending, _ words: [[UInt8]]) -> Never {
        switch ending {
        case .exited, .signalled: break
        case .notFound(let what):
            let name = String(decoding: words.first ?? [], as: UTF8.self)
            let cure = "-p A PACKAGE THAT HAS \(name)"
            Complaint("\(what): no such command in the view", try: cure).print(as: "pak")
        case .notExecutable(let what):
            Complaint("\(what): cannot be executed").print(as: "pak")
        case .lost:
            Complaint("a process that keeps the view was killed, and the view with it")
                .print(as: "pak")
        }
        Foreground.finish(ending)
    }
}
