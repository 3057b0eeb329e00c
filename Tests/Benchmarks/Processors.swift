import FileTree
import Glibc

/// Processors that a process may run on, as taskset(1) names them: `0-1`.
///
/// One request at a time is a message there and a message back: two ends that run on two
/// processors mostly measure how fast those wake each other, by which two servers of the same
/// code differ by a tenth and more from run to run; on one processor they do not, and neither end
/// has anything to do while the other works. So depth 1 is measured with both ends on one, the
/// same one for every server, and greater depths are not held. A program that asks a mount for one
/// file after the other is depth 1, too.
struct Processors {
    let list: String

    /// Those that this process may run on.
    static var own: Processors {
        let line = Program.text("/proc/self/status").split(separator: "\n")
            .first { $0.hasPrefix("Cpus_allowed_list:") }
        return Processors(list: line?.split(separator: "\t").last.map { String($0) } ?? "0")
    }

    /// The last of them alone: the first ones serve the machine's interrupts.
    var last: Processors {
        let number = list.split { $0 == "," || $0 == "-" }.last
        return Processors(list: number.map { String($0) } ?? "0")
    }

    /// Says of figures that both ends were held there; nil where they were not.
    static func note(_ spread: Bool) -> String? {
        spread
            ? nil : "Server and client ran on processor \(own.last.list); mounts where they liked."
    }

    /// Has all threads of a process run there and nowhere else.
    func hold(_ process: pid_t) throws(FileError) {
        let words = ["taskset", "-a", "-c", "-p", list, "\(process)"]
        guard try Program.run(words, quiet: true) == 0 else {
            throw FileError(.notPermitted, "taskset -p \(list) \(process)")
        }
    }
}
