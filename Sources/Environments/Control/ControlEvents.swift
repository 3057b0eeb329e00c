import FileTree
import Synchronization

/// What happens, a line each, for those who wait for it.
package final class ControlEvents: Sendable {
    private let state = Mutex(State())
    /// The most bytes that are kept for those who read late.
    private static let limit = 1 << 20

    /// Who waits for more than there is.
    private struct Waiter {
        var offset: UInt64
        var body: @Sendable (FileError?) -> Void
    }

    private struct State {
        /// By numbers that are not used twice.
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
        var bytes: [UInt8] = []
        /// How many bytes came before those that are kept.
        var start: UInt64 = 0
        var end: UInt64 { start + UInt64(bytes.count) }
    }

    package init() {}

    /// Tells a line.
    package func add(_ line: String) {
        let woken = state.withLock { state in
            state.bytes += Array("\(line)\n".utf8)
            if state.bytes.count > Self.limit {
                let least = state.bytes.count - Self.limit / 2
                // Whole lines: what is left begins with one.
                let newline = state.bytes[(least - 1)...].firstIndex(of: UInt8(ascii: "\n"))
                let old = (newline ?? state.bytes.count - 1) + 1
                state.bytes.removeFirst(old)
                state.start += UInt64(old)
            }
            let end = state.end
            let woken = state.waiters.filter { $0.value.offset < end }
            for number in woken.keys { state.waiters[number] = nil }
            return woken.values
        }
        for waiter in woken { waiter.body(nil) }
    }

    /// Where what happens from now on begins.
    var end: UInt64 { state.withLock { $0.end } }

    /// Reads on; whoever is so late that lines are gone goes on with those there are, `skipped`
    /// bytes further on.
    func read(
        from offset: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int, skipped: UInt64) {
        state.withLock { state in
            guard offset < state.end else { return (0, 0) }
            let place = max(offset, state.start)
            let part = state.bytes[Int(place - state.start)...].prefix(buffer.count)
            buffer.copyBytes(from: part)
            return (part.count, place - offset)
        }
    }

    /// Calls `body` once: as soon as something has happened behind `offset`, or with
    /// `.interrupted` when `cancellation` fires before.
    func notify(
        behind offset: UInt64,
        until cancellation: Cancellation,
        _ body: @escaping @Sendable (FileError?) -> Void
    ) {
        let number = state.withLock { state -> Int? in
            if state.end > offset { return nil }
            state.lastWaiter += 1
            state.waiters[state.lastWaiter] = Waiter(offset: offset, body: body)
            return state.lastWaiter
        }
        guard let number else { return body(nil) }
        cancellation.onCancel { [self] in
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.body(FileError(.interrupted))
        }
    }
}

/// The file of what happens: a read waits for what is next after the file was opened.
final class ControlEventsFile: File {
    private let place: ControlPlace
    private let events: ControlEvents

    init(_ place: ControlPlace, _ events: ControlEvents) {
        self.place = place
        self.events = events
    }

    var qid: Qid { place.qid(.file) }
    var parent: (any Directory)? { place.container }
    func withName(_ body: (RawSpan) -> Void) { place.withName(body) }

    func stat() throws(FileError) -> Stat {
        var stat = Stat(qid: qid, mode: Mode(.regular, 0o444))
        stat.setTimes(.now)
        return stat
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        return Reader(events)
    }

    /// Reads of one who has it open.
    ///
    /// Linux goes on asking until the buffer of a read(2) is full or nothing comes, so that one
    /// line would be told with those that come hours later: who asks for the rest of what was asked
    /// for is told at once that there is none.
    private final class Reader: OpenFile {
        private let events: ControlEvents
        /// Where what is read at offset 0 begins: further on when lines are gone unread.
        private let start: Mutex<UInt64>
        private let last = Mutex(Rest())

        /// What the last read left of what was asked for.
        private struct Rest: Equatable {
            var offset: UInt64 = 0
            var count = 0
        }

        init(_ events: ControlEvents) {
            self.events = events
            start = Mutex(events.end)
        }

        private func place(of offset: UInt64) -> (partialValue: UInt64, overflow: Bool) {
            start.withLock { $0.addingReportingOverflow(offset) }
        }

        private func isRest(_ offset: UInt64, _ count: Int) -> Bool {
            count > 0 && last.withLock { $0 == Rest(offset: offset, count: count) }
        }

        func read(
            into buffer: UnsafeMutableRawBufferPointer,
            at offset: UInt64
        ) throws(FileError) -> Int {
            let count = start.withLock { start in
                let (place, overflow) = start.addingReportingOverflow(offset)
                if overflow { return 0 }
                let (count, skipped) = events.read(from: place, into: buffer)
                start += skipped
                return count
            }
            last.withLock { last in
                last = Rest(offset: offset + UInt64(count), count: buffer.count - count)
                // Whoever is told that there is no more waits the next time.
                if count == 0 { last = Rest() }
            }
            return count
        }

        var isMadeForOpen: Bool { true }

        func isReady(at offset: UInt64, count: Int) -> Bool {
            let (place, overflow) = place(of: offset)
            return overflow || events.end > place || isRest(offset, count)
        }

        func whenReady(
            at offset: UInt64,
            count: Int,
            until cancellation: Cancellation,
            _ body: @escaping @Sendable (FileError?) -> Void
        ) -> Bool {
            let (place, overflow) = place(of: offset)
            if overflow || isRest(offset, count) {
                body(nil)
            } else {
                events.notify(behind: place, until: cancellation, body)
            }
            return true
        }

        func prepare(
            at offset: UInt64,
            count: Int,
            until cancellation: Cancellation
        ) throws(FileError) {
            let done = Condition()
            let outcome = Mutex<FileError??>(nil)
            _ = whenReady(at: offset, count: count, until: cancellation) { error in
                outcome.withLock { $0 = .some(error) }
                done.lock()
                done.wake()
                done.unlock()
            }
            done.lock()
            defer { done.unlock() }
            while true {
                if let error = outcome.withLock({ $0 }) {
                    if let error { throw error }
                    return
                }
                done.wait()
            }
        }
    }
}
