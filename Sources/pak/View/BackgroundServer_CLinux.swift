import CLinux
import FileTree
import Glibc
import Terminal

/// A server that a command leaves behind, which is a copy of its process.
///
/// Until it says that it is ready its complaints are the command's, and so is its status.
enum BackgroundServer {
    /// The variable that names the descriptor on which the word is awaited.
    private static let variable = "PAK_READY_FD"

    /// Returns in the copy; this process waits until that is ready, and ends; with its status when
    /// it is never ready.
    ///
    /// To be called before any thread is started: a copy has one alone.
    static func start() throws(Complaint) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Complaint("pipe: \(Self.reason(errno))") }
        let process = pak_fork()
        guard process != 0 else {
            close(ends[0])
            _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
            setenv(variable, "\(ends[1])", 1)
            let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
            dup2(null, STDIN_FILENO)
            if null > 0 { close(null) }
            return
        }
        let why = errno
        close(ends[1])
        guard process > 0 else { throw Complaint("fork: \(Self.reason(why))") }
        var byte: UInt8 = 0
        var count = read(ends[0], &byte, 1)
        while count < 0, errno == EINTR { count = read(ends[0], &byte, 1) }
        if count == 1 { exit(0) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        exit(status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)
    }

    /// Says that all is ready, and lets go of the terminal, when somebody waits for that.
    static func tellReady() {
        guard let text = getenv(variable), let descriptor = Int32(String(cString: text)) else {
            return
        }
        unsetenv(variable)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        for number in 0...2 where null >= 0 { dup2(null, Int32(number)) }
        if null > 2 { close(null) }
        _ = chdir("/")
        var byte: UInt8 = 1
        _ = write(descriptor, &byte, 1)
        close(descriptor)
    }

    /// Does `body` when this process is told to end, on a thread of its own.
    ///
    /// To be called before any other thread is started.
    static func atEnd(_ body: @escaping @Sendable () -> Void) throws(FileError) {
        // Out of the terminal's reach.
        if getenv(variable) != nil { setsid() }
        var set = signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
        try Worker.start {
            var set = signals
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            body()
        }
    }

    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }
}
