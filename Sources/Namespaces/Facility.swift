/// What a machine has to allow for views; each is tried, in a process of its own.
public enum Facility: String, Sendable, CaseIterable {
    /// User and mount namespaces for the user.
    case userNamespaces
    /// FUSE in a view: /dev/fuse opened and mounted.
    case fuse
    /// FUSE at a directory of the host: fusermount3, or root.
    case fuseOnHost
    /// Overlayfs in a view.
    case overlay
    /// Overlayfs in a view, over a FUSE mount.
    case overlayOverFUSE
    /// The kernel's 9P client.
    case v9fs
    /// Subordinate ids, by newuidmap and /etc/subuid.
    case subordinateIDs
    /// System calls answered by seccomp's user notification.
    case answeredCalls

    /// What came of a try.
    public enum Finding: Sendable, Hashable {
        /// It works, and how.
        case works(String)
        /// It does not: why, and what would help.
        case missing(why: String, cure: String)

        /// Whether it works.
        public var isWorking: Bool {
            if case .works = self { true } else { false }
        }
    }
}
