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
        let lines = table.parts(at: "\n").compactMap { line -> String? in
            let fields = line.parts(at: " ")
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
        let ending: HostProgram.Ending
        do throws(FileError) {
            // It may ask a directory of users that does not answer.
            ending = try HostProgram.run(words, keepsComplaints: true, within: 10)
        } catch {
            throw error.at(program)
        }
        guard let fault = ending.fault else { return }
        throw FileError(.notPermitted, ending.complaint ?? "\(program): \(fault)")
    }
}
