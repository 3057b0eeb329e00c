public import FileTree

extension FUSEServer {
    /// How a tree is served.
    public struct Options: Sendable {
        /// How long the kernel keeps names, the lack of them and attributes.
        public enum Caching: Sendable, Hashable {
            /// For ever: nothing changes but through this mount, or by `invalidate`.
            case endless
            /// For so many seconds: others change the tree, too.
            case seconds(Double)
        }

        /// What a kernel can make the server hold.
        public struct Limits: Sendable, Hashable {
            /// Files that it knows.
            public var files = 1 << 24
            /// Files that it has open.
            public var openFiles = 1 << 20

            /// Makes the usual limits.
            public init() {}
        }

        /// How long the kernel may keep what it has seen.
        public var caching = Caching.endless
        /// Changes are passed on to the tree; else all are refused.
        public var isWritable = false
        /// The kernel tells of each open and close; else, with endless caching, it reads and writes
        /// without, and a file whose bytes it has costs no request at all.
        ///
        /// Needed where an open of the tree can be refused, or does something by itself.
        public var opensFiles = false
        /// How many threads read requests; further ones start while those wait for bytes.
        public var threads = 2
        /// The owners that can be shown; nil where all can.
        public var owners: Owners?
        /// What a kernel can make the server hold.
        public var limits = Limits()
        /// Is told of a file that lacks bytes which the kernel had taken from a writer, and why.
        ///
        /// Of what is written by way of a mapping no writer may ever hear of it. It is called from
        /// any thread.
        public var lost: @Sendable (_ node: any Node, FileError) -> Void = { (_, _) in }
        /// Takes lines for people: what goes wrong in the conversation itself.
        public var log: @Sendable (String) -> Void = { _ in }

        /// Makes the options of a tree that never changes.
        public init() {}
    }
}
