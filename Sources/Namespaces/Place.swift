/// A path, and whose: a view is made while the host's files are still in sight beside it.
public enum Place: Sendable, Hashable {
    /// As the process that starts the view sees it; links on the way are followed there.
    case host(String)
    /// As the command will see it.
    case view(String)
    /// Outside the view, and gone with it: where a mount stands that only serves another, as the
    /// lower of an overlay does. The path is relative to a directory that nobody else sees.
    case hidden(String)
}
