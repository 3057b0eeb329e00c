import FileTree
import Glibc

/// The numbers of users and groups in a view whose starter has to map them.
enum UserMap {
    /// Maps all numbers as they are for root, else the user's own and the subordinate ones.
    ///
    /// Errors: what newuidmap(1) or newgidmap(1) says.
    static func write(for keeper: pid_t, _ identity: View.Identity) throws(FileError) {
        if geteuid() == 0 {
            for kind in ["uid", "gid"] {
                let path = "/proc/\(keeper)/\(kind)_map"
                guard let file = fopen(path, "we") else {
                    throw FileError(FileError.Kind(number: errno), path)
                }
                let isWritten = fputs("0 0 4294967295\n", file) >= 0
                guard fclose(file) == 0, isWritten else {
                    throw FileError(FileError.Kind(number: errno), path)
                }
            }
            return
        }
        guard case .root(let users, let groups) = identity else { return }
        try run("newuidmap", keeper, own: geteuid(), users)
        try run("newgidmap", keeper, own: getegid(), groups)
    }

    private static func run(
        _ program: String,
        _ keeper: pid_t,
        own: UInt32,
        _ ranges: [Range<UInt32>]
    ) throws(FileError) {
        var words = [program, "\(keeper)", "0", "\(own)", "1"]
        var next: UInt64 = 1
        for range in ranges {
            words += ["\(next)", "\(range.lowerBound)", "\(range.count)"]
            next += UInt64(range.count)
        }
        let (status, said) = try output(words)
        guard status == 0 else {
            throw FileError(.notPermitted, said.isEmpty ? "\(program): status \(status)" : said)
        }
    }

    /// Runs a program, and returns its status and what it complained of.
    private static func output(_ words: [String]) throws(FileError) -> (Int32, String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0,
            fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0
        else {
            throw FileError(FileError.Kind(number: errno), "a pipe")
        }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var pid: pid_t = 0
        let failed = posix_spawnp(&pid, words[0], &actions, nil, arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        for argument in arguments { free(argument) }
        close(ends[1])
        guard failed == 0 else { throw FileError(FileError.Kind(number: failed), words[0]) }
        var said: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 512)
        while true {
            let count = read(ends[0], &room, room.count)
            guard count > 0 else { break }
            if said.count < 4096 { said += room[..<count] }
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let text = String(decoding: said, as: UTF8.self).split(separator: "\n").first
        return (status >> 8 & 0xff, text.map(String.init) ?? "")
    }
}
