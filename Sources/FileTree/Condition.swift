package import Glibc

/// A lock that threads can wait at until another has changed what it guards.
///
/// `@unchecked Sendable`: pthread's objects are made to be shared, and stay where they are.
package final class Condition: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
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

    package func lock() { pthread_mutex_lock(mutex) }
    package func unlock() { pthread_mutex_unlock(mutex) }

    /// Waits, unlocked, until someone wakes it.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// Waits, unlocked, until someone wakes it or the monotonic clock says `deadline`.
    ///
    /// Returns false when the time is up.
    package func wait(until deadline: timespec) -> Bool {
        var deadline = deadline
        return pthread_cond_timedwait(condition, mutex, &deadline) == 0
    }

    /// Wakes one that waits: where it does not matter which.
    package func wakeOne() { pthread_cond_signal(condition) }

    /// Wakes all that wait.
    package func wake() { pthread_cond_broadcast(condition) }
}

extension timespec {
    /// The monotonic clock's time so many milliseconds from now.
    package static func after(milliseconds: Int) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = time.tv_nsec + milliseconds % 1000 * 1_000_000
        time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}
