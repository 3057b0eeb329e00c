import Archive
import FileTree
import Synchronization

/// A name in a capture and what it stands for; by itself a device, fifo or socket.
///
/// As long as nothing has been changed of it, it is the lower node's and asks that alone; what
/// tells so costs one load while no lower object is touched anywhere, else one probe.
///
/// `@unchecked Sendable`: the variables are read and written under the layer's lock alone; what is
/// asked without it is atomic or constant. As `Sendable` plainly it could have no heirs.
class CaptureNode: Node, @unchecked Sendable {
    let layer: Layer
    /// The node below; nil when the layer knew the object already.
    let lower: (any Node)?
    private var known: CaptureObject?
    private var entry: CaptureEntry?
    /// The count of adoptions at which this was known to be the lower node's alone; -1 for ever
    /// after.
    private let untouchedAt = Atomic<Int>(0)

    /// Stands for a lower node that the layer may know.
    init(_ layer: Layer, _ lower: any Node) {
        self.layer = layer
        self.lower = lower
    }

    /// Stands for what the layer knows.
    init(_ layer: Layer, _ object: CaptureObject, _ entry: CaptureEntry?) {
        self.layer = layer
        lower = nil
        known = object
        self.entry = entry
        untouchedAt.store(-1, ordering: .relaxed)
    }

    /// Makes the node of a lower one.
    static func make(_ layer: Layer, _ lower: any Node) -> CaptureNode {
        if lower.directory != nil { return CaptureDirectory(layer, lower) }
        if lower.file != nil { return CaptureFile(layer, lower) }
        if lower.link != nil { return CaptureLink(layer, lower) }
        return CaptureNode(layer, lower)
    }

    /// Makes the node of what the layer knows.
    static func make(
        _ layer: Layer,
        _ object: CaptureObject,
        _ entry: CaptureEntry?
    ) -> CaptureNode {
        switch object.type {
        case .directory: CaptureDirectory(layer, object, entry)
        case .regular: CaptureFile(layer, object, entry)
        case .symlink: CaptureLink(layer, object, entry)
        default: CaptureNode(layer, object, entry)
        }
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

    // MARK: - What it stands for

    /// The lower node while it is known to be all there is; nil when the layer has to be asked.
    @inline(__always)
    var untouched: (any Node)? {
        untouchedAt.load(ordering: .relaxed) == layer.adoptions.value ? lower : nil
    }

    /// What the layer knows of it; nil when the lower node is all there is.
    ///
    /// Errors: `.notFound` when it was the layer's, and is gone with a reset.
    func object() throws(FileError) -> CaptureObject? {
        try layer.state.withLock { (state) throws(FileError) in try object(in: state) }
    }

    /// What the layer knows of it, while its lock is held.
    func object(in state: borrowing LayerState) throws(FileError) -> CaptureObject? {
        if let known, !known.isDetached { return known }
        guard let lower else { throw FileError(.notFound, "the layer has been reset") }
        known = nil
        entry = nil
        let count = layer.adoptions.value
        guard let adopted = state.adopted[lower.qidPath] else {
            untouchedAt.store(count, ordering: .relaxed)
            return nil
        }
        guard let object = adopted.object else { throw FileError(.notFound) }
        untouchedAt.store(-1, ordering: .relaxed)
        known = object
        return object
    }

    /// What the layer knows of it; nil also when that is gone.
    func objectIfThere(in state: borrowing LayerState) -> CaptureObject? {
        do { return try object(in: state) } catch { return nil }
    }

    /// The name, while the lock is held: the one it was found by, wherever that is by now.
    private func entry(of object: CaptureObject) -> CaptureEntry? {
        if let entry { return entry }
        var name: [UInt8] = []
        lower?.withName { name = Array($0) }
        entry = object.names.first { $0.name == name } ?? object.names.first
        return entry
    }

    // MARK: - Node

    var qid: Qid {
        if let untouched { return untouched.qid }
        let qid = layer.state.withLock { state -> Qid? in
            // What a reset has taken away keeps its identity.
            if let known, known.isDetached, lower == nil { return known.qid }
            return objectIfThere(in: state)?.qid
        }
        return qid ?? lower?.qid ?? Qid(type: .file, version: 0, path: 0)
    }

    var qidPath: UInt64 {
        // A lower object keeps it when it becomes the layer's.
        if let lower { return lower.qidPath }
        return layer.state.withLock { _ in known?.qidPath } ?? 0
    }

    func stat() throws(FileError) -> Stat {
        if let untouched { return try untouched.stat() }
        if let object = try object() { return try layer.stat(object) }
        guard let lower else { throw FileError(.notFound) }
        return try lower.stat()
    }

    var parent: (any Directory)? {
        let (directory, isBelow) = layer.state.withLock { state -> (CaptureObject?, Bool) in
            guard let object = objectIfThere(in: state) else { return (nil, known == nil) }
            if object === state.root { return (nil, false) }
            guard let entry = entry(of: object) else { return (nil, true) }
            return (state.objects[entry.parent], false)
        }
        if let directory { return CaptureDirectory(layer, directory, nil) }
        guard isBelow, let above = lower?.parent else { return nil }
        return CaptureDirectory(layer, above)
    }

    func withName(_ body: (RawSpan) -> Void) {
        let name = layer.state.withLock { state -> [UInt8]? in
            guard let object = objectIfThere(in: state) else { return nil }
            if object === state.root { return [UInt8(ascii: "/")] }
            return entry(of: object)?.name
        }
        if let name { return body(name.span.bytes) }
        lower?.withName(body)
    }

    func change(_ change: StatChange, by user: User) throws(FileError) {
        if change.isEmpty { return }
        try layer.checkOpen()
        let change = try change.allowed(for: user, on: stat())
        if change.size != nil, directory != nil { throw FileError(.isDirectory) }
        let object = try layer.adopt(self)
        if let size = change.size {
            guard object.type == .regular else { throw FileError(.invalid) }
            // First, since a cut counts as a write, which the times that are set must outlast.
            try layer.resize(object, to: size)
            var rest = change
            rest.size = nil
            if rest.isEmpty { return }
        }
        let now = layer.clock()
        try layer.change { (state) throws(FileError) in
            try layer.commit(
                .changed(
                    object.serial,
                    permissions: change.permissions,
                    uid: change.uid,
                    gid: change.gid,
                    accessed: change.accessed?.point(now),
                    modified: change.modified?.point(now),
                    at: now
                ),
                about: object,
                in: &state
            )
        }
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        if let untouched { return try untouched.attribute(name) }
        guard let object = try object() else { return try lower?.attribute(name) ?? [] }
        let set = layer.state.withLock { _ in
            object.extended.isEmpty ? nil : object.extended[Array(name)]
        }
        if let set {
            guard let value = set else { throw FileError(.noAttribute) }
            return value
        }
        guard let place = object.lower else { throw FileError(.noAttribute) }
        return try layer.lowerNode(of: place).attribute(name)
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        if let untouched { return try untouched.attributeNames() }
        guard let object = try object() else { return try lower?.attributeNames() ?? [] }
        let set = layer.state.withLock { _ in object.extended }
        var names: [[UInt8]] = []
        if let place = object.lower {
            let below = try layer.lowerNode(of: place).attributeNames()
            if set.isEmpty { return below }
            names = below.split(separator: 0).map { Array($0) }.filter { set[$0] == nil }
        }
        names += set.filter { $0.value != nil }.keys
        return names.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 + [0] }
    }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        try layer.checkOpen()
        if value == nil { _ = try attribute(name) }
        let key = Array(name)
        if let value { try checkRoom(for: ExtendedAttribute(name: key, value: value)) }
        let object = try layer.adopt(self)
        let now = layer.clock()
        try layer.change { (state) throws(FileError) in
            try layer.commit(
                .attribute(object.serial, name: key, value: value, at: now),
                about: object,
                in: &state
            )
        }
    }

    /// Refuses an attribute that no package has room for, with the others that there are.
    private func checkRoom(for new: ExtendedAttribute) throws(FileError) {
        guard ExtendedAttribute.isPortable(new.name), !layer.state.withLock({ $0.isHeld }) else {
            return
        }
        var all = try ExtendedAttribute.portable(of: self).filter { $0.name != new.name }
        all.append(new)
        guard ExtendedAttribute.fit(all) else { throw FileError(.noSpace, "attributes of a file") }
    }

    func sync() throws(FileError) { try layer.sync() }
}

/// A symbolic link in a capture.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added to what the lock
/// guards.
final class CaptureLink: CaptureNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] {
        // A target never changes: a touched link's is the lower one's still.
        if let link = lower?.link { return try link.target() }
        guard let object = try object() else { throw FileError(.notFound) }
        guard let place = object.lower else { return object.target }
        guard let link = try layer.lowerNode(of: place).link else {
            throw FileError(.inputOutput, place.path)
        }
        return try link.target()
    }
}
