import CLinux
import Glibc

/// A thread of its own.
///
/// SIGPIPE is blocked in it: a peer that goes away is an error of the write that met it, also for
/// pipes and sendfile(2), which have no MSG_NOSIGNAL. Signals that come to the process are left to
/// its first thread.
package struct Worker: Sendable {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread, which ends with `run`; `join` or `detach` is to be called once.
    ///
    /// Errors: `.again` when there can be no more threads.
    package init(_ run: @escaping @Sendable () -> Void) throws(FileError) {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setstacksize(attributes, 1 << 20)
        pak_spread(attributes)
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let failed = pthread_create(
            &thread,
            attributes,
            { argument in
                Worker.block(Worker.ending + Worker.others)
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            body.toOpaque()
        )
        guard failed == 0 else {
            body.release()
            throw FileError(.again, "no more threads: \(String(cString: strerror(failed)))")
        }
        self.thread = thread
    }

    /// Starts a thread that nobody waits for.
    ///
    /// Errors: `.again` when there can be no more threads.
    package static func start(_ run: @escaping @Sendable () -> Void) throws(FileError) {
        try Worker(run).detach()
    }

    /// Waits until the thread has ended.
    package func join() { pthread_join(thread, nil) }

    /// Lets the thread end by itself.
    package func detach() { pthread_detach(thread) }

    /// Blocks SIGPIPE and the signals that end the process, in this thread.
    package static func blockSignals() { block(ending) }

    private static let ending = [SIGPIPE, SIGTERM, SIGINT, SIGHUP]
    private static let others = [
        SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH,
    ]

    private static func block(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Blocks SIGPIPE alone, for a thread that was not started as a worker and does its work.
    package static func blockBrokenPipe() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }
}
