import CLinux
public import FileTree

/// What a view's calls were answered with, as it was noted at a file of an overlay.
public struct OverlayMarks {
    /// The file stands for the one of its name below, which the kernel could not copy.
    var isCopy = false
    /// It does so because that has several names, and the kernel copies it under one.
    var isOfSeveral = false
    /// Whom it was given to; nil where nobody has said.
    var uid: UInt32?
    /// The group it was given to.
    var gid: UInt32?
    /// Whose it was in the view in the end; nil for root, and where users are not the view's own.
    var owner: (uid: UInt32, gid: UInt32)?
    /// The device that it stands for, and of which kind.
    var device: (type: FileType, number: UInt64)?

    /// The attribute of a file that stands for the one of its name below.
    public static let copyName = PAK_MARK_COPY

    /// Its value for a file of several names, one byte.
    public static let ofSeveral = "n"

    /// The attribute of a file that is not whose it should be.
    public static let ownerName = PAK_MARK_TAKEN

    /// The value of that attribute.
    public static func owner(_ uid: UInt32, _ gid: UInt32) -> String { "\(uid) \(gid)" }

    /// The attribute of a file that stands for a device.
    public static let deviceName = PAK_MARK_DEVICE

    /// The value of that attribute.
    public static func device(_ type: FileType, _ number: UInt64) -> String {
        "\(type == .characterDevice ? 2 : 6) \(number)"
    }

    /// Reads what is noted at a node.
    init(_ node: any Node) {
        let copy = Self.attribute(PAK_MARK_COPY, of: node)
        isCopy = copy != nil
        isOfSeveral = copy == Array(Self.ofSeveral.utf8)
        let isPlain = node.file != nil || node.directory != nil
        let owner = isPlain ? PAK_MARK_OWNER : PAK_MARK_OWNER_OF_LINK
        if let words = Self.numbers(owner, of: node) {
            uid = words.first.flatMap { $0 }.flatMap(UInt32.init(exactly:))
            gid = words.last.flatMap { $0 }.flatMap(UInt32.init(exactly:))
        }
        let taken = isPlain ? PAK_MARK_TAKEN : PAK_MARK_TAKEN_OF_LINK
        if let words = Self.numbers(taken, of: node), words.count == 2,
            let uid = words[0].flatMap(UInt32.init(exactly:)),
            let gid = words[1].flatMap(UInt32.init(exactly:))
        {
            self.owner = (uid, gid)
        }
        if let words = Self.numbers(PAK_MARK_DEVICE, of: node), words.count == 2,
            let number = words[1]
        {
            device = (words[0] == 2 ? .characterDevice : .blockDevice, number)
        }
    }

    /// Whether an attribute is the kernel's or ours, and no part of what the file is.
    static func isMark(_ name: [UInt8]) -> Bool {
        name.starts(with: "user.overlay.".utf8) || name.starts(with: "user.pak.".utf8)
    }

    /// The value of an attribute; nil where there is none.
    static func attribute(_ name: String, of node: any Node) -> [UInt8]? {
        // What has no attributes has not this one.
        try? node.attribute(Array(name.utf8).span.bytes)
    }

    private static func numbers(_ name: String, of node: any Node) -> [UInt64?]? {
        attribute(name, of: node).map { value in
            value.split(separator: UInt8(ascii: " ")).map {
                UInt64(String(decoding: $0, as: UTF8.self))
            }
        }
    }
}
