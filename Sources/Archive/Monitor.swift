import Glibc

/// A state behind a lock, and a way to wait until another thread has changed it.
final class Monitor<State>: @unchecked Sendable {
    // Unchecked because of the pointers and the state: all three are used under the mutex alone.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    /// The lock as held, so that `notify` can be called nowhere else.
    struct Held {
        fileprivate let condition: UnsafeMutablePointer<pthread_cond_t>

        /// Wakes every thread that waits.
        func notify() { pthread_cond_broadcast(condition) }
    }

    init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<R, E: Error>(_ body: (inout State, Held) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state, Held(condition: condition))
    }

    /// Runs `body` under the lock, again whenever another thread has notified, until it gives a
    /// result.
    ///
    /// Each run ends before the wait begins: while `body` has the state nobody else changes it,
    /// and the optimizer counts on that.
    func wait<R>(until body: (inout State) -> R?) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }
}

/// A thread of its own, which whoever started it waits for.
struct Worker: Sendable {
    private let thread: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread; nil when the host gives no more.
    init?(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument {
                    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            body.toOpaque()
        )
        guard result == 0 else {
            body.release()
            return nil
        }
        self.thread = thread
    }

    /// Lets the thread end by itself; in the place of `join`.
    func detach() { pthread_detach(thread) }

    /// Waits until the thread has ended; to be called once.
    func join() { pthread_join(thread, nil) }
}
