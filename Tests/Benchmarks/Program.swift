import FileTree
import Glibc

/// Other programs, run as children.
enum Program {
    /// The path of this program.
    static var ownPath: String {
        get throws(FileError) {
            guard let path = realpath("/proc/self/exe", nil) else {
                throw FileError(FileError.Kind(number: errno), "/proc/self/exe")
            }
            defer { free(path) }
            return String(cString: path)
        }
    }

    /// Runs a program to its end and gives its exit status; 128 and more for a signal.
    static func run(_ words: [String], quiet: Bool = false) throws(FileError) -> Int32 {
        let process = try spawn(words, input: nil, quiet: quiet)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// Runs a program to its end, quietly.
    ///
    /// Errors: `.inputOutput` for one that ends with another status than 0.
    static func require(_ words: [String]) throws(FileError) {
        let status = try run(words, quiet: true)
        guard status == 0 else {
            let shown = words.prefix(6).joined(separator: " ")
            throw FileError(.inputOutput, "\(shown): status \(status)")
        }
    }

    /// Starts a program; `input` becomes its descriptors 0 and 1; a quiet one says nothing.
    static func spawn(
        _ words: [String],
        input: Int32?,
        quiet: Bool = false
    ) throws(FileError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
            posix_spawn_file_actions_adddup2(&actions, input, 1)
        }
        if quiet {
            for number in 1...2 as ClosedRange<Int32> {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
            }
        }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var process: pid_t = 0
        let result = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
        guard result == 0 else { throw FileError(FileError.Kind(number: result), words[0]) }
        return process
    }

    /// The processes whose parent is this one.
    static func children() -> [pid_t] {
        guard let list = opendir("/proc") else { return [] }
        defer { closedir(list) }
        var found: [pid_t] = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = pid_t(name) else { continue }
            // Its name, which may have anything in it, is in brackets.
            let words = text("/proc/\(process)/stat").split(separator: ")").last?.split(
                separator: " "
            )
            if let words, words.count > 1, pid_t(words[1]) == getpid() { found.append(process) }
        }
        return found
    }

    /// Seconds of a processor that a process has used in all its threads, those that have ended
    /// among them.
    static func processorSeconds(_ process: pid_t) -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            return 0
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A process's memory in KiB, by the names of /proc/PID/smaps_rollup.
    static func memory(_ process: pid_t) -> [String: Int] {
        var figures: [String: Int] = [:]
        for line in text("/proc/\(process)/smaps_rollup").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let value = Int(words[1]) else { continue }
            figures[String(words[0].dropLast())] = value
        }
        return figures
    }

    /// What a small file says, as far as it can be read.
    static func text(_ path: String, limit: Int = 8192) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}

/// Seconds on a clock that only goes on.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Seconds of a processor that this thread has used.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
