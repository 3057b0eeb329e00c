import FileTree
import Glibc
import Terminal

/// A program that a build system wants to be run when a layer is sealed.
struct Hook {
    /// The program: a path, or a name to be looked for in PATH.
    var program: String

    /// Runs it with the layer's name as its argument and the lines on its standard input, and
    /// waits for its end.
    func run(_ layer: String, _ lines: [[UInt8]]) throws(Complaint) {
        // A file, so that a program that reads none of it keeps nobody waiting.
        guard let file = tmpfile() else { throw complaint(errno) }
        defer { fclose(file) }
        let input = fileno(file)
        let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
        let number = bytes.withUnsafeBytes { HostWrite.number(writing: $0, to: input) }
        guard number == 0 else { throw complaint(number) }
        lseek(input, 0, SEEK_SET)
        let status = try spawn(layer, input)
        guard status == 0 else {
            let end = status & 0x7f
            let what = end == 0 ? "status \(status >> 8 & 0xff)" : "signal \(end)"
            throw Complaint("--hook \(program): it ended with \(what); the layer is sealed")
        }
    }

    private func spawn(_ layer: String, _ input: Int32) throws(Complaint) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        var words = [strdup(program), strdup(layer)]
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let number = posix_spawnp(&process, program, &actions, nil, words, environ)
        guard number == 0 else { throw complaint(number) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw complaint(errno) }
        }
        return status
    }

    private func complaint(_ number: Int32) -> Complaint {
        Complaint("--hook \(program): \(String(cString: strerror(number)))")
    }
}
