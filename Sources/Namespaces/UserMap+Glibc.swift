import FileTree
import Glibc

/// The numbers of users and groups in a view whose starter has to map them.
enum UserMap {
    /// Maps all numbers that there are as they are for root, else the user's own and the subordinate ones.
    ///
    /// Errors: what newuidmap(1) or newgidmap(1) says.
    static func write(for keeper: pid_t, _ identity: View.Identity) throws(FileError) {
        if geteuid() == 0 {
            for kind in ["uid", "gid"] { try writeAll(kind, for: keeper) }
            return
        }
        guard case .root(let users, let groups) = identity else { return }
        try run(programs[0], keeper, own: geteuid(), users)
        try run(programs[1], keeper, own: getegid(), groups)
    }

    /// Those that map subordinate ids, by which their errors begin.
    static let programs = ["newuidmap", "newgidmap"]

    /// Maps all numbers that there are here, or root's alone where it may map no others.
    private static func writeAll(_ kind: String, for keeper: pid_t) throws(FileError) {
        let path = "/proc/\(keeper)/\(kind)_map"
        do throws(FileError) {
            try put(all(in: TextOf.file("/proc/self/\(kind)_map")), into: path)
        } catch {
            guard error.kind == .notPermitted else { throw error }
            if kind == "gid" { try put("deny", into: "/proc/\(keeper)/setgroups") }
            try put("0 0 1\n", into: path)
        }
    }

    /// A table that has each number stand for itself, from one of this process's; see
    /// user_namespaces(7).
    ///
    /// In a container, or a view, root has some of them only, and the kernel refuses any other.
    static func all(in table: String) -> String {
        let lines = table.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            return fields.count == 3 ? "\(fields[0]) \(fields[0]) \(fields[2])\n" : nil
        }
        return lines.isEmpty ? "0 0 4294967295\n" : lines.joined()
    }

    private static func put(_ text: String, into path: String) throws(FileError) {
        guard let file = fopen(path, "we") else {
            throw FileError(FileError.Kind(number: errno), path)
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw FileError(FileError.Kind(number: errno), path)
        }
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
