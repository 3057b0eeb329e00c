import Glibc
import Testing

/// One of the built programs, run as a user runs it.
struct Program {
    /// What a run came to.
    struct Outcome {
        var status: Int32
        var output: String
        var complaints: String
    }

    /// A run that goes on.
    final class Running {
        let process: pid_t
        /// What the program prints, to be read by line.
        let output: Lines
        let complaints: Lines
        private var word: Int32?

        init(process: pid_t, output: Int32, complaints: Int32) {
            self.process = process
            self.output = Lines(output)
            self.complaints = Lines(complaints)
        }

        func send(_ signal: Int32) { kill(process, signal) }

        /// Waits for the end; a signal that ended it counts as its number and 128.
        func wait() -> Int32 {
            let word = waitForWord()
            return word & 0x7f == 0 ? word >> 8 & 0xff : 128 + word & 0x7f
        }

        /// Waits for the end, and tells it as wait(2) does.
        func waitForWord() -> Int32 { waitForChange(0) }

        /// Waits until it is stopped, is continued or has ended, and tells which as wait(2) does.
        func waitForChange(_ options: Int32 = WUNTRACED | WCONTINUED) -> Int32 {
            if let word { return word }
            var word: Int32 = 0
            var ticks = 0
            while true {
                let ended = waitpid(process, &word, WNOHANG | options)
                if ended == process || ended < 0 && errno != EINTR { break }
                poll(nil, 0, 10)
                ticks += 1
                guard ticks == Patience.seconds * 100 else { continue }
                Issue.record("process \(process) does not end")
                kill(process, SIGKILL)
            }
            let goesOn = word & 0xff == 0x7f || word == 0xffff
            if !goesOn { self.word = word }
            return word
        }

        deinit {
            guard word == nil else { return }
            kill(process, SIGKILL)
            _ = wait()
        }
    }

    /// Lines that come from a descriptor.
    final class Lines {
        private let descriptor: Int32
        private var bytes: [UInt8] = []

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// The next line without its end; nil when there will be none.
        func next() -> String? {
            while true {
                if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { bytes.removeSubrange(...end) }
                    return String(decoding: bytes[..<end], as: UTF8.self)
                }
                if !fill() { return nil }
            }
        }

        /// The next line for which `condition` holds; nil when there will be none.
        func next(where condition: (String) -> Bool) -> String? {
            while let line = next() {
                if condition(line) { return line }
            }
            return nil
        }

        /// All there is up to the end.
        func rest() -> String {
            while fill() {}
            defer { bytes = [] }
            return String(decoding: bytes, as: UTF8.self)
        }

        private func fill() -> Bool {
            guard Patience.waits(for: descriptor) != nil else { return false }
            var buffer = [UInt8](repeating: 0, count: 65536)
            var count = read(descriptor, &buffer, buffer.count)
            while count < 0, errno == EINTR { count = read(descriptor, &buffer, buffer.count) }
            guard count > 0 else { return false }
            bytes += buffer[..<count]
            return true
        }

        deinit { close(descriptor) }
    }

    /// Its path.
    var path: String
    /// Variables besides those of this process.
    var environment: [String: String] = [:]

    static let pak = Program(path: folder + "/pak")
    static let pakfs = Program(path: folder + "/pakfs")
    static let treecheck = Program(path: folder + "/treecheck")

    /// Where the tests and the programs were built.
    private static let folder: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink("/proc/self/exe", $0, text.count) } ?? -1
            }
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }()

    /// The children of a process, the eldest of a thread first.
    static func children(of process: pid_t) throws -> [pid_t] {
        try Scratch.names(in: "/proc/\(process)/task").flatMap { task in
            let text = try TextFile.bytes("/proc/\(process)/task/\(task)/children")
            return String(decoding: text, as: UTF8.self).split(separator: " ").compactMap {
                pid_t($0)
            }
        }
    }

    /// Starts it; standard input is empty unless a descriptor is given, and standard output is to be
    /// read from the run unless it goes to a descriptor.
    ///
    /// With `apart` it is in a process group of its own, as a shell's job is.
    func start(
        _ arguments: [String],
        input: Int32? = nil,
        output: Int32? = nil,
        apart: Bool = false
    ) throws -> Running {
        var (out, err): ([Int32], [Int32]) = ([0, 0], [0, 0])
        // Sockets, since they can be made so that no other child gets them.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &out) == 0)
        try #require(socketpair(AF_UNIX, kind, 0, &err) == 0)
        defer {
            close(out[1])
            close(err[1])
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output ?? out[1], 1)
        posix_spawn_file_actions_adddup2(&actions, err[1], 2)

        // Signals as a shell's child has them, whatever this thread keeps from itself.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if apart { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = allVariables().map { strdup($0) }
        defer { for pointer in words + variables { free(pointer) } }
        words.append(nil)
        variables.append(nil)
        var process: pid_t = 0
        let status = posix_spawn(&process, path, &actions, &attributes, words, variables)
        try #require(status == 0, "\(path): \(String(cString: strerror(status)))")
        return Running(process: process, output: out[0], complaints: err[0])
    }

    /// Runs it to its end.
    func run(_ arguments: [String], input: Int32? = nil) throws -> Outcome {
        // Standard error is never more than a pipe holds.
        let running = try start(arguments, input: input)
        let output = running.output.rest()
        let complaints = running.complaints.rest()
        return Outcome(status: running.wait(), output: output, complaints: complaints)
    }

    /// Runs it to its end.
    func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

    private func allVariables() -> [String] {
        var all: [String: String] = [:]
        var place = environ
        while let entry = place.pointee {
            let parts = String(cString: entry).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if parts.count == 2 { all[String(parts[0])] = String(parts[1]) }
            place += 1
        }
        all.merge(environment) { $1 }
        return all.map { "\($0)=\($1)" }
    }
}
