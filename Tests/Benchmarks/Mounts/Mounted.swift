import CLinux
import FileTree
import Glibc

/// A file system that a program of its own shows at a directory, or the kernel.
final class Mounted {
    /// What is to be mounted, and by whom.
    struct Contender {
        let name: String
        /// The command that mounts, and leaves its server behind; nil when the kernel mounts by
        /// itself.
        let words: [String]?
        /// What the kernel mounts then: type, options, and the directory from which they are named.
        var kernel: (type: String, options: String, place: String)?

        /// `pak mount`.
        static func pak(_ program: String, _ packages: [String], at place: String) -> Contender {
            let named = packages.flatMap { ["-p", $0] }
            return Contender(name: "pak", words: [program, "mount"] + named + [place])
        }
    }

    /// Where it is.
    let path: String
    /// Seconds from the start of the command, as a user gives it, over its end until the first
    /// answer.
    let seconds: Double
    /// The server that it left behind.
    private let server: pid_t?

    /// Has this process and its children mounts of their own, so that none is left behind.
    ///
    /// Servers that a command leaves behind become children of this process.
    static func prepare() throws(FileError) {
        try CaptureFiles.check(pak_private_mounts(), "mounts of its own")
        try CaptureFiles.check(pak_adopt_orphans(), "children of its own")
    }

    /// Mounts, and waits for the first answer.
    ///
    /// Errors: `.unsupported` when nothing is mounted by then, or the kernel does not want to.
    init(_ contender: Contender, at path: String) throws(FileError) {
        self.path = path
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw FileError(.init(number: errno), path) }
        let before = Self.device(path)
        let start = now()
        if let (type, options, place) = contender.kernel {
            // Options are a page at most: layers are named as they are called in their directory.
            try CaptureFiles.check(chdir(place), place)
            defer { _ = chdir("/") }
            try CaptureFiles.check(
                Glibc.mount(type, path, type, UInt(MS_RDONLY), options),
                contender.name
            )
            seconds = now() - start
            server = nil
        } else {
            let status = try Program.run(contender.words ?? [], quiet: true)
            let after = Self.device(path)
            seconds = now() - start
            server = Program.children().first
            guard status == 0, after != before else {
                umount2(path, Int32(MNT_DETACH))
                throw FileError(.unsupported, "\(contender.name): it does not mount: \(status)")
            }
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        if let server { kill(server, SIGTERM) }
        var status: Int32 = 0
        while waitpid(-1, &status, 0) > 0 || errno == EINTR {}
    }

    /// Has the server and this program run on one processor until `work` is done, the same for
    /// every contender: see `Processors`.
    func held<Result>(
        _ isHeld: Bool,
        _ work: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        guard isHeld else { return try work() }
        let own = Processors.own
        try own.last.hold(getpid())
        // Who held it a moment ago can let go of it.
        defer { try? own.hold(getpid()) }
        if let server { try own.last.hold(server) }
        return try work()
    }

    /// The server's memory in MiB, mapped files apart.
    var memory: Double? {
        server.map { Double(Program.memory($0)["Anonymous"] ?? 0) / 1024 }
    }

    private static func device(_ path: String) -> dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }
}
