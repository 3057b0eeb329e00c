import CLinux
import Glibc

/// A file of the host; by itself a device, fifo or socket, which is shown and never opened.
class HostNode: Node, @unchecked Sendable {  // A class with subclasses; nothing of it changes.
    let place: HostPlace
    let identity: HostIdentity

    init(_ place: HostPlace, _ identity: HostIdentity) {
        self.place = place
        self.identity = identity
    }

    // A subclass is not asked for a protocol's default: these have to be its own.
    var file: (any File)? { nil }
    var directory: (any Directory)? { nil }
    var link: (any Link)? { nil }

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

    func stat() throws(FileError) -> Stat { Stat(try found().status) }

    var parent: (any Directory)? { place.parent }

    func withName(_ body: (RawSpan) -> Void) {
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
        let descriptor = try place.root.open(place.path, pak_o_path | O_NOFOLLOW)
        let status = try descriptor.status()
        guard HostIdentity(status) == identity else { throw FileError(.notFound) }
        return (descriptor, status)
    }
}

/// A symbolic link of the host.
///
/// `@unchecked`, as the language has an heir say again: nothing of it changes.
final class HostLink: HostNode, Link, @unchecked Sendable {
    override var link: (any Link)? { self }

    func target() throws(FileError) -> [UInt8] { try found().descriptor.linkTarget() }
}

/// A file of bytes of the host.
///
/// `@unchecked`, as the language has an heir say again: nothing of it changes.
final class HostFile: HostNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.readOnly) }
        let (descriptor, _) = try found()
        return OpenHostFile(try descriptor.reopened(O_RDONLY | O_NOCTTY | O_NONBLOCK))
    }
}

/// A file of the host that has been opened.
package final class OpenHostFile: OpenFile {
    private let descriptor: HostDescriptor

    package init(_ descriptor: HostDescriptor) { self.descriptor = descriptor }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(FileError) -> Int {
        try descriptor.read(into: buffer, at: offset)
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
