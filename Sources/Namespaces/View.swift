/// A view of the files for a command and its children alone.
///
/// Its root is empty to begin with; the steps make of it what the command will see. The mounts are
/// its own: the host's table of mounts stays as it is. What is mounted on the host later shows where
/// a host's directory was bound.
public struct View: Sendable {
    /// What is mounted, in this order.
    public var steps: [Step]
    /// Who the command is.
    public var identity: Identity
    /// What else is the view's own.
    public var spaces: Spaces
    /// The host's name within, with `.hostName`; nil leaves it.
    public var hostName: String?
    /// Whether there is a user namespace: always, but for root, who needs none.
    public var hasUsers: Bool
    /// System calls answered by the one who started the view, in the kernel's place.
    public var answered: Answered

    /// Makes a view of these steps.
    public init(
        steps: [Step],
        identity: Identity = .kept,
        spaces: Spaces = [],
        hostName: String? = nil,
        hasUsers: Bool? = nil,
        answered: Answered = []
    ) {
        self.steps = steps
        self.identity = identity
        self.spaces = spaces
        self.hostName = hostName
        self.hasUsers = hasUsers ?? !View.isPrivileged
        self.answered = answered
    }

    /// Who a command is in its view.
    public enum Identity: Sendable, Hashable {
        /// The user stays who they are, without any capability.
        case kept
        /// Root in the view, the user themself outside of it.
        ///
        /// The subordinate ids are mapped from 1 on, in their order; without any, only 0 is mapped.
        case root(users: [Range<UInt32>] = [], groups: [Range<UInt32>] = [])
    }

    /// What a view can have of its own, beside its mounts.
    public struct Spaces: OptionSet, Sendable, Hashable {
        /// One bit each.
        public let rawValue: UInt8
        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Processes: those outside are not seen, and all within end with the first.
        public static let processes = Spaces(rawValue: 1)
        /// System V's and POSIX's queues, semaphores and shared memory.
        public static let ipc = Spaces(rawValue: 2)
        /// The host's name.
        public static let hostName = Spaces(rawValue: 4)
        /// The network: within there is the loopback alone.
        public static let network = Spaces(rawValue: 8)
    }

    /// Families of system calls that are answered in the kernel's place; see `Request`.
    public struct Answered: OptionSet, Sendable, Hashable {
        /// One bit each.
        public let rawValue: UInt8
        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// chown, lchown, fchown, fchownat.
        public static let owners = Answered(rawValue: 1)
        /// mknod and mknodat of devices; those of other types are the kernel's.
        public static let devices = Answered(rawValue: 2)
        /// setuid, setgroups and their like, which succeed when the kernel has no such id mapped.
        public static let identities = Answered(rawValue: 4)
        /// All that changes a file, in an overlay.
        ///
        /// A file of an owner whom the view does not have can be neither changed nor copied up by the
        /// kernel; it first gives way to a copy of the user's own. With it owners and devices are
        /// noted there as attributes, which `CaptureTree` reads.
        public static let changes = Answered(rawValue: 8)
        /// What `owners` has, where root gives a file to somebody whom the view does not have.
        ///
        /// With `owners` all that root gives is answered, and to others the kernel says what it is.
        public static let strangers = Answered(rawValue: 16)
    }
}
