import Synchronization

/// A wish to give up that reaches work on another thread: a Tflush, an interrupt, a lost peer.
public final class Cancellation: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isCancelled = false
        var handlers: [@Sendable () -> Void] = []
    }

    /// Makes one that has not fired.
    public init() {}

    /// Whether it has fired.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Fires; all but the first time it does nothing.
    ///
    /// Handlers run on this thread.
    public func cancel() {
        let handlers = state.withLock { state -> [@Sendable () -> Void] in
            state.isCancelled = true
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler() }
    }

    /// Runs `handler` once it fires, or at once when it has.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let fired = state.withLock { state in
            if !state.isCancelled { state.handlers.append(handler) }
            return state.isCancelled
        }
        if fired { handler() }
    }

    /// Throws `.interrupted` if it has fired.
    public func check() throws(FileError) {
        if isCancelled { throw FileError(.interrupted) }
    }
}
