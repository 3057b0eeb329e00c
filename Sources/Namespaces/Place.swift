public import FileTree

/// A path, and whose: a view is made while the host's files are still in sight beside it.
public enum Place: Sendable, Hashable {
    /// As the process that starts the view sees it; links on the way are followed there.
    case host(PathBytes)
    /// As the command will see it.
    case view(PathBytes)
    /// Outside the view, and gone with it: where a mount stands that only serves another, as the
    /// lower of an overlay does. The path is relative to a directory that nobody else sees.
    case hidden(PathBytes)

    /// A path of the host that is text.
    public static func host(_ path: String) -> Place { .host(PathBytes(path)) }
    /// A path of the view that is text.
    public static func view(_ path: String) -> Place { .view(PathBytes(path)) }
    /// A path of neither that is text.
    public static func hidden(_ path: String) -> Place { .hidden(PathBytes(path)) }
}
