import CLinux
import FileTree
import Glibc
import Synchronization

/// What a program is that stands for the command of a view: signals, stops and endings of the one
/// are the other's.
public enum Foreground {
    /// What a command is to find of signals, and of what this program has changed besides.
    struct Signals: Sendable {
        /// Those that are blocked.
        var mask: sigset_t
        /// Those that are to have their default, whatever this program makes of them.
        var defaulted: sigset_t
        /// The command's umask; nil when it is this process's.
        var fileMask: mode_t?
    }

    /// Signals that go on to the command.
    static let passed = [
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGUSR1, SIGUSR2,
        SIGALRM, SIGWINCH,
    ]

    private static let before = Mutex<Signals?>(nil)

    /// Has `ViewProcess` keep signals from this process while a command runs, and pass them on.
    ///
    /// To be called first of all, on the first thread, before a signal's action is changed: the
    /// command gets the signals as they were. Views are started and waited for on that thread, and
    /// threads besides it are workers, which leave signals to it; before a view is made and after
    /// its command's end they are this process's own. Orphans of the view become this process's
    /// children, and are ended with it; so it is for a program that has no other children.
    public static func take() {
        var signals = current()
        before.withLock {
            guard $0 == nil else { return }
            // What this program makes for itself it uses, whatever the command's files are to be.
            let mask = umask(0o077)
            umask(mask & ~0o700)
            signals.fileMask = mask
            $0 = signals
        }
        // Without it an orphan that outlives a killed keeper meets a view without a server.
        _ = pak_adopt_orphans()
    }

    /// Whether this program stands for a command.
    static var isTaken: Bool { before.withLock { $0 != nil } }

    /// The signals as `take` found them, or as they are.
    static var found: Signals { before.withLock { $0 } ?? current() }

    /// Keeps signals for the command: from this thread, and from those that it starts.
    static func hold() {
        guard isTaken else { return }
        var set = passedSet()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Leaves signals to this process, also what has come since `hold`.
    static func release() {
        guard var found = before.withLock({ $0?.mask }) else { return }
        var set = passedSet()
        for number in passed where sigismember(&found, number) == 1 { sigdelset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Leaves signals to this process for as long as there is nobody to pass them on to.
    static func released(
        _ body: () throws(FileError) -> Void
    ) throws(FileError) {
        release()
        defer { hold() }
        try body()
    }

    private static func current() -> Signals {
        var signals = Signals(mask: sigset_t(), defaulted: sigset_t())
        pak_signals_found(&signals.mask, &signals.defaulted)
        return signals
    }

    static func passedSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in passed { sigaddset(&set, number) }
        return set
    }

    /// Ends the orphans that came to this process when a keeper was killed.
    static func endOrphans() {
        // Where there is no /proc they end by themselves, or not.
        let processes = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        pak_end_children(-1, processes)
        if processes >= 0 { close(processes) }
    }

    /// Ends this process as the command has ended: with its status, or by its signal.
    public static func finish(_ ending: Ending) -> Never {
        fflush(nil)
        if case .signalled(let number) = ending {
            pak_leave_no_core()
            signal(number, SIG_DFL)
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, number)
            kill(getpid(), number)
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
        }
        exit(ending.status)
    }
}
