public import FileTree

/// One file as an archive has it: everything but its bytes.
public struct Member: Sendable, Hashable {
    /// Its path: components parted by `/`, none in front or behind; empty for the root.
    public var path: [UInt8] = []
    /// What kind of file it is.
    public var type: FileType = .regular
    /// The twelve lower bits of its mode.
    public var permissions: UInt32 = 0o644
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// The owner's name; empty where only the number is known.
    public var userName: [UInt8] = []
    /// The group's name; empty where only the number is known.
    public var groupName: [UInt8] = []
    /// Last change of the contents.
    public var modified = Timestamp(seconds: 0)
    /// Bytes of a regular file, holes among them; 0 for anything else.
    public var size: UInt64 = 0
    /// The path that a symbolic link holds.
    public var linkTarget: [UInt8] = []
    /// Of a further name of a file, the path of the name that came first; nil for all else.
    public var hardLink: [UInt8]?
    /// What a device node stands for, as Linux's `makedev` packs it.
    public var device: UInt64 = 0
    /// The extended attributes, sorted by the bytes of their names.
    public var attributes: [ExtendedAttribute] = []
    /// The runs that a sparse file stores, ascending; nil for a file that stores all of its bytes.
    public var segments: [SegmentList.Segment]?

    /// Makes an empty file at the root.
    public init() {}

    /// Makes an empty file of a type.
    public init(path: [UInt8], type: FileType, permissions: UInt32) {
        self.path = path
        self.type = type
        self.permissions = permissions
    }

    /// The bytes that are stored for it: those of its runs, or all.
    public var storedSize: UInt64 {
        guard type == .regular, hardLink == nil else { return 0 }
        guard let segments else { return size }
        var sum: UInt64 = 0
        for segment in segments { sum &+= segment.length }
        return sum
    }

    /// The path for people: what is not printable ASCII as `%XX`.
    public var displayPath: String { PathText.display(path) }
}

/// One extended attribute.
public struct ExtendedAttribute: Sendable, Hashable {
    /// Its name, for example `security.capability`.
    public var name: [UInt8]
    /// Its value.
    public var value: [UInt8]

    /// Makes an attribute.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// Whether an attribute of that name means the same on another machine: users' own do, and
    /// capabilities.
    public static func isPortable(_ name: [UInt8]) -> Bool {
        name.starts(with: "user.".utf8) || name.elementsEqual("security.capability".utf8)
    }
}

extension ExtendedAttribute {
    /// Whether a package has room for these attributes of one file, whatever its path is.
    public static func fit(_ attributes: [ExtendedAttribute]) -> Bool {
        attributes.reduce(0) { $0 + TarEncoder.size(of: $1) } <= TarEncoder.attributeLimit
    }

    /// The attributes of a file that mean the same on another machine, sorted by their names.
    public static func portable(of node: any Node) throws(FileError) -> [ExtendedAttribute] {
        let names: [UInt8]
        do throws(FileError) {
            names = try node.attributeNames()
        } catch  where error.kind == .unsupported {
            return []
        }
        if names.isEmpty { return [] }
        var attributes: [ExtendedAttribute] = []
        for name in names.split(separator: 0).map(Array.init) where isPortable(name) {
            let value = try node.attribute(name.span.bytes)
            attributes.append(ExtendedAttribute(name: name, value: value))
        }
        return attributes.sorted { MemberPath.precedes($0.name, $1.name) }
    }
}
