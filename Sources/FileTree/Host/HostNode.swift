import CLinux
import Glibc
import Synchronization

/// A file of the host, of any kind.
protocol HostNode: Node {
    var place: HostPlace { get }
    var identity: HostIdentity { get }
    /// The descriptor by which the file was made, while somebody has it.
    var descriptorOfMaker: HostDescriptor? { get }
}

extension HostNode {
    var descriptorOfMaker: HostDescriptor? { nil }

    /// The node's qid now; its version is 0 once the file is gone.
    var qid: Qid {
        do { return try stat().qid } catch {
            return Qid(
                type: directory == nil ? .file : .directory,
                version: 0,
                path: identity.qidPath
            )
        }
    }

    var qidPath: UInt64 { identity.qidPath }

    func stat() throws(FileError) -> Stat { place.root.stat(try found().status) }

    var parent: (any Directory)? { present.parent }

    /// Where the file is by now.
    private var present: HostPlace { place.root.present(place, of: identity) }

    func withName(_ body: (RawSpan) -> Void) {
        let place = present
        let name = place.parent == nil ? [UInt8(ascii: "/")] : place.name
        body(name.span.bytes)
    }

    func attribute(_ name: RawSpan) throws(FileError) -> [UInt8] {
        try found().descriptor.attribute(Array(name))
    }

    func attributeNames() throws(FileError) -> [UInt8] {
        try found().descriptor.attributeNames()
    }

    /// The file itself, as long as it is still there.
    func found() throws(FileError) -> (descriptor: HostDescriptor, status: pak_stat) {
        let root = place.root
        let descriptor = try root.descriptor.open(present.path, pak_o_path | O_NOFOLLOW)
        let status = try descriptor.status()
        guard root.identity(status) == identity else { throw FileError(.notFound) }
        return (descriptor, status)
    }

    // MARK: - Changes

    /// The file itself, if it may be changed.
    func foundToChange() throws(FileError) -> (descriptor: HostDescriptor, status: pak_stat) {
        guard place.root.isWritable else { throw FileError(.readOnly) }
        return try found()
    }

    /// Sets attributes; owners only to what they are.
    func change(_ change: StatChange, by user: User) throws(FileError) {
        if change.isEmpty { return }
        let (descriptor, status) = try foundToChange()
        let now = place.root.stat(status)
        let wanted = try change.allowed(for: user, on: now)
        guard wanted.uid ?? now.uid == now.uid, wanted.gid ?? now.gid == now.gid else {
            throw FileError(.notPermitted, "a file of the host is given to nobody else")
        }
        try Self.refuseSetID(wanted.permissions, now: now.mode)
        if let size = wanted.size {
            guard now.mode.type == .regular else { throw FileError(.isDirectory) }
            try resize(descriptor, to: size)
        }
        if let permissions = wanted.permissions { try descriptor.setPermissions(permissions) }
        try descriptor.setTimes(accessed: wanted.accessed, modified: wanted.modified)
    }

    /// Refuses to have a file of the host run as its owner.
    static func refuseSetID(_ permissions: UInt32?, now: Mode) throws(FileError) {
        guard let permissions, now.type != .directory else { return }
        let new = permissions & ~now.permissions & (Mode.setUser | Mode.setGroup)
        if new != 0 { throw FileError(.notPermitted, "no set-id bit is set on the host") }
    }

    private func resize(_ descriptor: HostDescriptor, to size: UInt64) throws(FileError) {
        if let made = descriptorOfMaker { return try made.resize(size) }
        try descriptor.reopened(O_WRONLY | O_NOCTTY | O_NONBLOCK).resize(size)
    }

    func setAttribute(_ name: RawSpan, to value: [UInt8]?) throws(FileError) {
        let (descriptor, _) = try foundToChange()
        let name = Array(name)
        guard name.starts(with: "user.".utf8) else {
            throw FileError(.unsupported, "of the host's attributes users' alone are written")
        }
        try descriptor.setAttribute(name, to: value)
    }

    func sync() throws(FileError) {
        guard place.root.isWritable, file != nil || directory != nil else { return }
        try found().descriptor.reopened(O_RDONLY | O_NONBLOCK).sync()
    }
}

/// A device, fifo or socket of the host, which is shown and never opened.
final class HostDevice: HostNode {
    let place: HostPlace
    let identity: HostIdentity

    init(_ place: HostPlace, _ identity: HostIdentity) {
        self.place = place
        self.identity = identity
    }
}

/// A symbolic link of the host.
final class HostLink: HostNode, Link {
    let place: HostPlace
    let identity: HostIdentity

    init(_ place: HostPlace, _ identity: HostIdentity) {
        self.place = place
        self.identity = identity
    }

    func target() throws(FileError) -> [UInt8] { try found().descriptor.linkTarget() }
}

/// A file of bytes of the host.
final class HostFile: HostNode, File {
    let place: HostPlace
    let identity: HostIdentity
    /// The descriptor by which the file was made: its mode may allow no other to be opened.
    ///
    /// Who opens the file first has it from then on: a node is known for as long as a kernel has
    /// room, and a program cannot be run while somebody has it open for writing.
    private struct Made {
        var first: HostDescriptor?
        weak var used: HostDescriptor?
    }
    private let made: Mutex<Made>

    init(_ place: HostPlace, _ identity: HostIdentity, made: HostDescriptor? = nil) {
        self.place = place
        self.identity = identity
        self.made = Mutex(Made(first: made, used: nil))
    }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        let writes = !mode.isDisjoint(with: [.write, .truncate])
        if writes, !place.root.isWritable { throw FileError(.readOnly) }
        let open = try descriptor(writes ? mode.contains(.read) ? O_RDWR : O_WRONLY : O_RDONLY)
        if mode.contains(.truncate) { try open.resize(0) }
        return OpenHostFile(open, isAppending: mode.contains(.append))
    }

    private func descriptor(_ flags: Int32) throws(FileError) -> HostDescriptor {
        let first = made.withLock { made in
            guard let first = made.first else { return nil as HostDescriptor? }
            made = Made(first: nil, used: first)
            return first
        }
        if let first { return first }
        return try found().descriptor.reopened(flags | O_NOCTTY | O_NONBLOCK)
    }

    var descriptorOfMaker: HostDescriptor? { made.withLock { $0.first ?? $0.used } }
}

/// A file of the host that has been opened.
package final class OpenHostFile: OpenFile {
    private let descriptor: HostDescriptor
    private let isAppending: Bool

    package init(_ descriptor: HostDescriptor, isAppending: Bool = false) {
        self.descriptor = descriptor
        self.isAppending = isAppending
    }

    package func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
        try bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try descriptor.write(bytes, at: isAppending ? nil : offset)
        }
    }

    package func sync() throws(FileError) { try descriptor.sync() }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        try descriptor.read(into: buffer, at: offset)
    }

    package func stretch(at offset: UInt64) throws(FileError) -> Stretch? {
        descriptor.stretch(at: offset)
    }

    package func extent(at offset: UInt64, count: Int) throws(FileError) -> Extent? {
        let size = try descriptor.status().size
        guard offset < size else { return nil }
        return Extent(
            place: .descriptor(descriptor.number, offset: offset),
            count: Int(min(UInt64(count), size - offset))
        )
    }
}
