import CLinux
import FileTree
import Glibc

/// A file system that a program of its own shows at a directory, or the kernel.
final class Mounted {
    /// What is to be mounted, and by whom.
    struct Contender {
        let name: String
        /// The program that serves in the foreground; nil when the kernel mounts by itself.
        let words: [String]?
        /// What the kernel mounts then: type, options, and the directory from which they are named.
        var kernel: (type: String, options: String, place: String)?

        /// `pak mount`.
        static func pak(_ program: String, _ packages: [String], at place: String) -> Contender {
            let named = packages.flatMap { ["-p", $0] }
            return Contender(name: "pak", words: [program, "mount", "-f"] + named + [place])
        }
    }

    /// Where it is.
    let path: String
    /// Seconds from the start of the program until the first answer.
    let seconds: Double
    private let process: pid_t?

    /// Has this process and its children mounts of their own: none is left behind, whatever happens.
    static func prepare() throws(FileError) {
        try CaptureFiles.check(pak_private_mounts(), "mounts of its own")
    }

    /// Mounts, and waits for the first answer.
    ///
    /// Errors: `.unsupported` when the program ends instead, or the kernel does not want to.
    init(_ contender: Contender, at path: String) throws(FileError) {
        self.path = path
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw FileError(.init(number: errno), path) }
        let before = Self.device(path)
        let start = now()
        if let (type, options, place) = contender.kernel {
            process = nil
            // Options are a page at most: layers are named as they are called in their directory.
            try CaptureFiles.check(chdir(place), place)
            defer { _ = chdir("/") }
            try CaptureFiles.check(
                Glibc.mount(type, path, type, UInt(MS_RDONLY), options),
                contender.name
            )
        } else {
            let process = try Program.spawn(contender.words ?? [], input: nil, quiet: true)
            self.process = process
            while Self.device(path) == before {
                var status: Int32 = 0
                guard waitpid(process, &status, WNOHANG) == 0, now() - start < 120 else {
                    kill(process, SIGKILL)
                    throw FileError(.unsupported, "\(contender.name): it does not mount")
                }
                usleep(50)
            }
        }
        seconds = now() - start
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        guard let process else { return }
        kill(process, SIGTERM)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    }

    /// The server's memory in MiB, mapped files apart.
    var memory: Double? {
        process.map { Double(Program.memory($0)["Anonymous"] ?? 0) / 1024 }
    }

    private static func device(_ path: String) -> dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }
}
