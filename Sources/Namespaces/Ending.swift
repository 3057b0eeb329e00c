/// How a command in a view has ended.
public enum Ending: Sendable, Hashable {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case signalled(Int32)
    /// It never began: there is no such program in the view.
    case notFound(String)
    /// It never began: there is such a file, which cannot be executed, and why.
    case notExecutable(String)
    /// The view's own first process was killed, or the one that answers calls in it, and everything
    /// in the view with it.
    case lost

    /// The exit status that stands for it among shells: 127 not found, 126 not executable, 128 and
    /// the signal's number.
    public var status: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        case .notFound: 127
        case .notExecutable: 126
        case .lost: 128 + 9
        }
    }
}
