import Glibc
import Synchronization

/// Shows how far long work is: a bar on a terminal, lines for a program, or nothing.
///
/// The bar appears after a fifth of a second and is drawn at most ten times a second. Lines are
/// `got TOTAL NAME`, in bytes; TOTAL is 0 where it is not known. May be used from any thread.
public final class ProgressMeter: Sendable {
    private let lines: Stream?
    private let bar: Stream?
    private let clock: @Sendable () -> UInt64
    private let state: Mutex<State>

    private struct State {
        var started: UInt64
        var drawn: UInt64 = 0
        var isShown = false
    }

    private static let delay: UInt64 = 200_000_000
    private static let interval: UInt64 = 100_000_000

    /// Makes a meter.
    ///
    /// - Parameters:
    ///   - lines: where lines for a program go; nil: nowhere.
    ///   - bar: where the bar is drawn, if that is a terminal; nil: nowhere.
    ///   - clock: nanoseconds that only grow.
    public init(
        lines: Stream? = nil,
        bar: Stream? = .standardError,
        clock: @escaping @Sendable () -> UInt64 = ProgressMeter.now
    ) {
        self.lines = lines
        self.bar = bar?.isTerminal == true ? bar : nil
        self.clock = clock
        state = Mutex(State(started: clock()))
    }

    /// Says that `got` of `total` bytes of `name` are done.
    public func show(_ got: UInt64, of total: UInt64, _ name: String) {
        guard lines != nil || bar != nil else { return }
        state.withLock { state in
            let time = clock()
            let isDone = total > 0 && got >= total
            guard time - state.drawn >= Self.interval || isDone else { return }
            if let lines {
                lines.write("\(got) \(total) \(Visible.text(name))\n")
                state.drawn = time
            }
            guard let bar, time - state.started >= Self.delay else { return }
            bar.write("\r\u{1b}[K" + Self.line(got, of: total, name))
            state.isShown = true
            state.drawn = time
        }
    }

    /// Takes the bar away.
    public func clear() {
        state.withLock { state in
            if state.isShown { bar?.write("\r\u{1b}[K") }
            state.isShown = false
        }
    }

    /// The bar: a part of 20 characters, a percentage and a name.
    static func line(_ got: UInt64, of total: UInt64, _ name: String) -> String {
        let shown = Visible.text(name).prefix(50)
        guard total > 0 else { return "\(got >> 20) MiB \(shown)" }
        let part = min(1, Double(got) / Double(total))
        let filled = Int(part * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled)
        return "[\(bar)] \(Int(part * 100))% \(shown)"
    }

    /// The time since some moment in the past, which no one can set.
    public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
