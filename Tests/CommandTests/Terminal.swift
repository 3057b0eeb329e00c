import Glibc
import Testing

/// A terminal with an interactive shell at it, and somebody who types.
///
/// The terminal is that of script(1): closed when that is killed.
final class Terminal {
    private let script: Program.Running
    private let keys: Int32
    private let screen: Int32
    private var seen: [UInt8] = []

    /// A shell that has jobs.
    enum Shell: String {
        case bash = "bash --norc --noprofile --noediting -i"
        case dash = "dash -i"
    }

    /// Opens a terminal; the shell's prompt is `outer> `.
    init(_ shell: Shell = .bash) throws {
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &input) == 0)
        try #require(socketpair(AF_UNIX, kind, 0, &output) == 0)
        var program = Program(path: "/usr/bin/script")
        program.environment = [
            "PS1": "outer> ", "TERM": "dumb", "HISTFILE": "", "SHELL": "/bin/sh", "ENV": "",
        ]
        script = try program.start(
            [
                "--quiet", "--flush", "--echo", "never", "--command", "exec \(shell.rawValue)",
                "/dev/null",
            ],
            input: input[0],
            output: output[0]
        )
        close(input[0])
        close(output[0])
        keys = input[1]
        screen = output[1]
        try expect("outer> ")
    }

    /// Types, control characters among it.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(keys, bytes, bytes.count)
    }

    /// Reads on until this shows, and returns what came before it.
    @discardableResult
    func expect(_ text: String) throws -> String {
        let wanted = Array(text.utf8)
        var start = 0
        while true {
            while start + wanted.count <= seen.count {
                if seen[start..<start + wanted.count].elementsEqual(wanted) {
                    defer { seen.removeFirst(start + wanted.count) }
                    return String(decoding: seen[..<start], as: UTF8.self)
                }
                start += 1
            }
            let shown = String(decoding: seen, as: UTF8.self)
            try #require(Patience.waits(for: screen) != nil, "no \(text) in: \(shown)")
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(screen, &buffer, buffer.count)
            try #require(count > 0, "the terminal ended before \(text): \(shown)")
            seen += buffer[..<count]
        }
    }

    /// Waits until the shell has a job that is stopped for want of the terminal.
    func expectStarvedJob() throws {
        for _ in 0..<Patience.seconds * 100 {
            type("jobs -l; echo told\n")
            let jobs = try expect("told\r\n")
            try expect("outer> ")
            if jobs.contains("tty input") { return }
            poll(nil, 0, 10)
        }
        Issue.record("no job was stopped")
    }

    /// Closes the terminal, as a window is closed.
    func hangUp() {
        script.send(SIGKILL)
        _ = script.wait()
    }

    deinit {
        hangUp()
        close(keys)
        close(screen)
    }
}
