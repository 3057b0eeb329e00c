import FileTree

/// What one attach asks for.
public struct ViewOptions: Sendable, Hashable {
    /// Whether device nodes, fifos and sockets are shown as such; else they are empty files that
    /// nobody may read.
    public var showsDevices = false
    /// Whether set-id bits and capabilities are shown.
    public var keepsSetID = false
    /// The packages, by name, whose set-id bits and capabilities are shown all the same.
    public var allowed: Set<String> = []
    /// The packages to be seen, by name; all of them when there is none.
    public var only: [String] = []
    /// The directory to start from.
    public var sub = UnionPath()
    /// Whether the base's names are left out, for one who shows the base below by other means.
    ///
    /// Links of the base act as aliases all the same, and a directory that no package lists has
    /// the base's attributes. What packages hide of the base cannot be said so: see
    /// `UnionTree.hidesNamesOfBase`.
    public var hidesBase = false

    /// Makes the options of a plain attach.
    public init() {}

    /// Whether files of a type are shown as what they are.
    @inline(__always)
    func shows(_ type: FileType) -> Bool {
        switch type {
        case .regular, .directory, .symlink: true
        default: showsDevices
        }
    }

    /// Attributes as they are shown.
    @inline(__always)
    func masked(_ stat: Stat, keepsSetID: Bool = false) -> Stat {
        var stat = stat
        let type = stat.mode.type
        if !shows(type) {
            stat.mode = Mode(.regular, 0)
            stat.size = 0
            stat.allocated = 0
            stat.device = 0
        } else if !keepsSetID, !self.keepsSetID, type != .directory {
            stat.mode.permissions &= ~(Mode.setUser | Mode.setGroup)
        }
        return stat
    }

    /// Whether an extended attribute of this name is shown.
    func shows(
        attribute name: UnsafeRawBufferPointer,
        keepsSetID: Bool = false
    ) -> Bool {
        keepsSetID || self.keepsSetID || !name.elementsEqual("security.capability".utf8)
    }
}
