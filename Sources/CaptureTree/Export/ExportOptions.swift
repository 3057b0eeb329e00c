import Glibc

/// How the changes of a layer become an archive.
public struct ExportOptions: Sendable {
    /// The latest time that a file has, in seconds since 1970; what is later becomes it.
    ///
    /// It is what `SOURCE_DATE_EPOCH` says, where it says anything.
    public var latestTime: Int64 = Self.epoch
    /// Whoever ran the build: a file that is theirs by nothing but having been made is root's.
    public var creator = Creator()
    /// The package's name; empty for none.
    public var name = ""
    /// The package's version; empty for none.
    public var version = ""

    /// How many names below are looked at for those of a changed file that has more of them than the
    /// layer knows; what is not found is told by a warning.
    public var searchLimit = Self.usualSearch

    /// The usual limit, for a search of about a second.
    public static var usualSearch: Int { 250_000 }

    /// The user and the group that ran a build.
    public struct Creator: Sendable, Hashable {
        /// The user's number.
        public var uid: UInt32 = getuid()
        /// The group's number.
        public var gid: UInt32 = getgid()

        /// Makes this process's own.
        public init() {}
    }

    /// The first second of 1980, which even a zip can say.
    public static var epoch: Int64 { 315_532_800 }

    /// Makes the everyday options.
    public init() {}
}
