public import FileTree
import Synchronization

/// A directory that the layer knows: it, names of it, or something below has been touched.
public struct TouchedDirectory: Sendable {
    /// Its path, names parted by `/`, none in front; the root's is empty.
    public var path: [UInt8]
    /// The directory as the capture shows it.
    public var node: any Directory
    /// The directory of the lower tree that shows through, whatever its path there; nil when it
    /// was made in the layer.
    public var lower: (any Directory)?
    /// The names that the layer knows, in the order of their bytes; all others are the lower
    /// directory's.
    public var entries: [TouchedEntry]
}

/// A name of a directory that the layer knows.
public struct TouchedEntry: Sendable {
    /// The name.
    public var name: [UInt8]
    /// What the capture shows by that name; nil when it is gone.
    public var node: (any Node)?
    /// What the lower directory has by that name; nil when nothing.
    public var lower: (any Node)?
    /// The lower object that `node` began as, under whatever name; nil when it was made in the
    /// layer.
    public var origin: (any Node)?
    /// The origin's path below, without a `/` in front; empty when there is none.
    public var originPath: [UInt8]
    /// How many names the origin had below; 0 when there is none.
    public var originLinks: UInt64
    /// Whether `node` is the object that the lower directory has by that name.
    public var isInPlace: Bool
    /// What is known of the bytes against the origin's.
    public var bytes: TouchedBytes
    /// What has been asked for: whatever else the attributes are came by itself.
    public var declared: Declared

    /// Attributes that somebody has set, be it to what they were.
    public struct Declared: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt8

        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The permissions were changed.
        public static let mode = Declared(rawValue: 1)
        /// The owner was changed: it is not just who made the file.
        public static let owner = Declared(rawValue: 2)
        /// The group was changed.
        public static let group = Declared(rawValue: 4)
        /// The modification time was set, and nothing written since.
        public static let time = Declared(rawValue: 8)
        /// Extended attributes were set or removed.
        public static let extended = Declared(rawValue: 16)
    }
}

/// What a layer knows of a file's bytes.
public enum TouchedBytes: Sendable, Hashable {
    /// They are the lower file's; of anything but files, always.
    case same
    /// They were written, and may yet be what they were.
    case unknown
    /// There is no lower file, or it has another length.
    case different
}

extension CaptureTree {
    /// Shows every directory that the layer knows: parents first, children in the order of their
    /// names.
    ///
    /// The layer should be sealed: changes made meanwhile show in part. Errors: `.inputOutput`
    /// with the path when a lower object that was touched has changed since.
    public func forEachTouched(
        _ body: (TouchedDirectory) throws(FileError) -> Void
    ) throws(FileError) {
        // Depth first without recursion: a tree may be deeper than a thread's stack.
        var waiting: [(path: [UInt8], object: CaptureObject)] = [
            ([], layer.state.withLock { $0.root })
        ]
        while let (path, object) = waiting.popLast() {
            let slots = layer.state.withLock { _ in object.entries.slots }
                .filter { $0.object != nil || $0.coversLower }
                .sorted { $0.name.lexicographicallyPrecedes($1.name) }
            var lower: (any Directory)?
            if let place = object.lower { lower = try layer.lowerNode(of: place).directory }
            var directory = TouchedDirectory(
                path: path,
                node: CaptureDirectory(layer, object, nil),
                lower: lower,
                entries: []
            )
            for slot in slots { directory.entries.append(try entry(slot, lower)) }
            try body(directory)
            for slot in slots.reversed() {
                guard let child = slot.object, child.type == .directory else { continue }
                waiting.append((path.isEmpty ? slot.name : path + [0x2f] + slot.name, child))
            }
        }
    }

    private func entry(
        _ slot: NameTable.Slot,
        _ directory: (any Directory)?
    ) throws(FileError) -> TouchedEntry {
        var entry = TouchedEntry(
            name: slot.name,
            originPath: [],
            originLinks: 0,
            isInPlace: slot.isInPlace,
            bytes: .same,
            declared: []
        )
        let name = slot.name
        if slot.coversLower { entry.lower = try directory?.lookup(name.span.bytes) }
        guard let object = slot.object else { return entry }
        entry.node = CaptureNode.make(layer, object, slot.entry)
        if let place = object.lower {
            try layer.check(place)
            entry.origin = try layer.lowerNode(of: place)
            entry.originPath = place.bytes
            entry.originLinks = place.mark.links
        }
        if object.type == .regular {
            let bytes = try layer.bytes(of: object)
            if let place = object.lower {
                let isSameSize = bytes.size == place.mark.size
                entry.bytes = bytes.kind == .lower ? .same : isSameSize ? .unknown : .different
            } else {
                entry.bytes = .different
            }
        }
        let declared = layer.state.withLock { _ in object.attributes.declared }
        entry.declared = TouchedEntry.Declared(rawValue: declared.rawValue)
        return entry
    }
}
