import Archive

/// How far a path goes: what a package's paths may be is limited in both.
struct PathReach {
    private let bytes: Int
    private let depth: Int

    /// How far a path goes that is not empty.
    init(of path: [UInt8]) {
        bytes = path.count
        depth = path.count { $0 == UInt8(ascii: "/") } + 1
    }

    /// Whether a package can have it.
    var isMember: Bool { bytes <= MemberPath.limit && depth <= MemberPath.depthLimit }
}
