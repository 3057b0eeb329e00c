import CLinux

extension Worker {
    /// How many processors this process may use, as it was when that was asked for first.
    package static var processorCount: Int { Int(pak_processors()) }

    /// Keeps this thread on one of the processors, or lets it go.
    ///
    /// When it is woken it waits from now on until who runs there sleeps or has had a turn; see
    /// SCHED_BATCH in sched(7). Workers that it starts are not kept. False where the kernel does not
    /// do it.
    package static func stay(onProcessor number: Int?) -> Bool {
        pak_stay(number.map { Int32(clamping: $0) } ?? -1) == 0
    }
}
