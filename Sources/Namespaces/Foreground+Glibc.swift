import Glibc

/// What a program is that stands for the command of a view: signals, stops and endings of the one
/// are the other's.
public enum Foreground {
    /// Keeps signals from every thread started afterwards, so that `ViewProcess.wait` passes them on.
    ///
    /// To be called first of all, on the first thread. The command gets the signals as they were
    /// before. Orphans of the view become this process's children from then on.
    public static func take() {}

    /// Ends this process as the command has ended: with its status, or by its signal.
    public static func finish(_ ending: Ending) -> Never { exit(ending.status) }
}
