import FileTree
import Synchronization

/// What happens, a line each, for those who wait for it.
package final class ControlEvents: Sendable {
    private let condition = Condition()
    private let state = Mutex(State())
    /// The most bytes that are kept for those who read late.
    private static let limit = 1 << 20

    private struct State {
        var bytes: [UInt8] = []
        /// How many bytes came before those that are kept.
        var start: UInt64 = 0
        var end: UInt64 { start + UInt64(bytes.count) }
    }

    package init() {}

    /// Tells a line.
    package func add(_ line: String) {
        condition.lock()
        defer { condition.unlock() }
        state.withLock { state in
            state.bytes += Array("\(line)\n".utf8)
            if state.bytes.count > Self.limit {
                let least = state.bytes.count - Self.limit / 2
                // Whole lines: what is left begins with one.
                let newline = state.bytes[(least - 1)...].firstIndex(of: UInt8(ascii: "\n"))
                let old = (newline ?? state.bytes.count - 1) + 1
                state.bytes.removeFirst(old)
                state.start += UInt64(old)
            }
        }
        condition.wake()
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

    /// Waits until something has happened behind `offset`.
    func wait(for offset: UInt64, until cancellation: Cancellation) throws(FileError) {
        cancellation.onCancel { [condition] in
            condition.lock()
            condition.wake()
            condition.unlock()
        }
        condition.lock()
        defer { condition.unlock() }
        while end <= offset {
            try cancellation.check()
            condition.wait()
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

        func prepare(
            at offset: UInt64,
            count: Int,
            until cancellation: Cancellation
        ) throws(FileError) {
            let (place, overflow) = place(of: offset)
            if !overflow, !isRest(offset, count) {
                try events.wait(for: place, until: cancellation)
            }
        }
    }
}
