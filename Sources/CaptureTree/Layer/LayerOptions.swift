/// How much a layer may hold; nil where only the host sets a limit.
///
/// What goes past one is refused with `.quota`, or with `.tooBig` for a single file, and changes
/// nothing. What makes room (a removal, a cut) is always taken.
public struct LayerLimits: Sendable, Hashable {
    /// Bytes that the layer's folder occupies: its data files as the host counts them, so that
    /// holes cost nothing, and its log.
    public var bytes: UInt64?
    /// Files, directories and links of the layer, lower ones that were touched among them; it is the
    /// next one made or touched that is refused, but to remove it.
    public var objects: Int?
    /// The longest file, in bytes.
    public var longestFile: UInt64?

    /// Makes limits.
    public init(bytes: UInt64? = nil, objects: Int? = nil, longestFile: UInt64? = nil) {
        self.bytes = bytes
        self.objects = objects
        self.longestFile = longestFile
    }
}

/// When a layer's changes are put on stable storage.
///
/// Whatever it is, a server that dies loses nothing that it has answered: it is the host that
/// may lose the last changes when it dies. What is left of the log is then an earlier state, and a
/// file of which less is left than the log says is an error, not a shorter file.
public enum LayerSync: String, Sendable, Hashable, CaseIterable {
    /// When the host likes; a client's fsync does not wait either.
    case none
    /// Before every answer.
    case op
    /// When the layer is sealed or let go of; a client's fsync does not wait.
    case end
}
