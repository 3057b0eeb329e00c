public import FileTree

/// A command in its view, and the process that keeps the view for it.
///
/// The keeper is the view's first process: it does the steps, starts the command, takes in what the
/// command leaves behind, and ends everything when the command ends or the starter does. One thread
/// at a time may wait; `send` may be called beside it.
public final class ViewProcess: Sendable {
    /// Why the command's working directory is `/`; nil when it is the one asked for.
    public let directoryError: FileError?

    /// Makes the view and starts the command in it; returns once it runs, or cannot.
    ///
    /// - `handed` is called on this thread, for each `.fuse` and `.fill` in the order of the steps,
    ///   with the step's number among them and a descriptor that is the caller's from then on. A
    ///   FUSE device is to be served from then on by threads of its own, a directory is to be filled
    ///   before it returns.
    /// - `answer` is called on a thread of the view's own for each system call that the view has
    ///   answered; what it throws is the call's errno.
    ///
    /// A command that is not in the view is no error here; `wait` tells it.
    ///
    /// Errors: the step that failed, with its errno's kind; what `handed` threw.
    public static func start(
        _ view: View,
        _ command: Command,
        handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void = {
            _,
            _ throws(FileError) in
        },
        answer: @escaping @Sendable (Request) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> ViewProcess {
        throw FileError(.unsupported, "views")
    }

    init() { directoryError = nil }

    /// Waits until the command has ended and nothing is left of the view.
    ///
    /// When `Foreground.take` was called before, signals go on to the command, and when it is
    /// stopped this process stops too, until it is continued: for the shell outside they are one.
    public func wait() -> Ending { .lost }

    /// Sends the command a signal.
    public func send(signal: Int32) {}
}
