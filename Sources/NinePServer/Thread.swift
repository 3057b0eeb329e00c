import FileTree
import Glibc

/// Starts a thread that ends with `body`.
///
/// SIGPIPE is blocked in it: a peer that goes away is an error of the write that met it, also for
/// pipes and sendfile(2), which have no MSG_NOSIGNAL. Signals that end the process are left to
/// the thread that waits for them. Errors: `.again` when there can be no more threads.
func startThread(_ body: @escaping @Sendable () -> Void) throws(FileError) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
        pthread_attr_destroy(attributes)
        attributes.deallocate()
    }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 1 << 20)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let failed = pthread_create(
        &thread,
        attributes,
        { argument in
            blockSignals()
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        },
        box.toOpaque()
    )
    guard failed == 0 else {
        box.release()
        throw FileError(.again, "no more threads: \(String(cString: strerror(failed)))")
    }
}

/// Blocks SIGPIPE and the signals that end the process, in this thread.
func blockSignals() {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
}

extension timespec {
    /// The monotonic clock's time so many milliseconds from now.
    static func after(milliseconds: Int) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = time.tv_nsec + milliseconds % 1000 * 1_000_000
        time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}

/// A mutex with a condition, for the few places that wait.
///
/// `@unchecked Sendable`: pthread's objects are made to be shared, and stay where they are.
final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        let attributes = UnsafeMutablePointer<pthread_condattr_t>.allocate(capacity: 1)
        pthread_condattr_init(attributes)
        pthread_condattr_setclock(attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, attributes)
        pthread_condattr_destroy(attributes)
        attributes.deallocate()
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    /// Waits, unlocked, until someone wakes it.
    func wait() { pthread_cond_wait(condition, mutex) }
    /// Wakes all that wait.
    func wake() { pthread_cond_broadcast(condition) }

    /// Waits, unlocked, until someone wakes it or the monotonic clock says `deadline`.
    ///
    /// Returns false when the time is up.
    func wait(until deadline: timespec) -> Bool {
        var deadline = deadline
        return pthread_cond_timedwait(condition, mutex, &deadline) == 0
    }
}
