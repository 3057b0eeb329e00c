public import FileTree
import Synchronization

/// A command in its view, and the process that keeps the view for it.
///
/// The keeper is the view's first process: it does the steps, starts the command, takes in what the
/// command leaves behind, and ends everything when the command ends or its starter does. One thread
/// may wait. Without a wait the view ends with the object.
public final class ViewProcess: Sendable {
    /// Why the command's working directory is `/`; nil when it is the one asked for.
    public let directoryError: FileError?

    /// The number of the view's first process.
    public let keeper: Int32
    let socket: Int32
    private let answers: Worker?
    private let ending: Mutex<Ending?>

    init(
        keeper: Int32,
        socket: Int32,
        answers: Worker?,
        directoryError: FileError?,
        ending: Ending?
    ) {
        self.keeper = keeper
        self.socket = socket
        self.answers = answers
        self.directoryError = directoryError
        self.ending = Mutex(ending)
    }

    deinit {
        // The keeper ends the view when nobody is at the other end.
        ViewProcess.hangUp(socket)
        if ending.withLock({ $0 == nil }) { ViewProcess.reap(keeper) }
        answers?.join()
        Foreground.release()
    }

    /// Waits until the command has ended and nothing is left of the view.
    ///
    /// When `Foreground.take` was called before, signals go on to the command, and this process is
    /// stopped while the command is: for the shell outside they are one.
    public func wait() -> Ending {
        defer { Foreground.release() }
        if let ended = ending.withLock({ $0 }) { return ended }
        let ended = listen()
        ViewProcess.reap(keeper)
        if ended == .lost, Foreground.isTaken { Foreground.endOrphans() }
        ending.withLock { $0 = ended }
        return ended
    }
}
