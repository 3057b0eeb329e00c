public import FileTree
import Glibc

/// Writes a package's files below a directory of the host.
///
/// No link is ever followed below the target, whatever the package holds or somebody else makes
/// there meanwhile.
public struct Unpacker {
    /// What could not be given to a file as the package has it.
    public struct Loss: Sendable, Hashable {
        /// The file.
        public var path: [UInt8]
        /// What it went without, and why.
        public var what: String

        /// Makes a loss.
        public init(path: [UInt8], what: String) {
            self.path = path
            self.what = what
        }
    }

    private let package: Package
    private let target: UnpackTarget
    private var losses: [Loss] = []
    /// The path of the first name of each file that has several.
    private var firstNames: [UInt32: [UInt8]] = [:]

    /// Writes the files of `package` to `directory`, which is made where it is missing; returns
    /// what could not be restored, owners for instance where the caller is not root.
    ///
    /// A directory that has files already is refused unless `replacing`; then what is in the way
    /// of a file gives way, directories aside. When it throws, a directory that was missing or
    /// empty is so again. Errors: `.notEmpty`, those of reading and writing, with the path.
    public static func unpack(
        _ package: Package,
        to directory: String,
        replacing: Bool = false
    ) throws(FileError) -> [Loss] {
        let target = try UnpackTarget(directory, replacing: replacing)
        do throws(FileError) {
            var unpacker = Unpacker(package: package, target: target)
            try unpacker.makeEntries()
            try unpacker.finishDirectories()
            try target.finish()
            return unpacker.losses
        } catch {
            target.abandon()
            throw error
        }
    }

    private init(package: Package, target: UnpackTarget) {
        self.package = package
        self.target = target
    }

    /// Makes all entries; a directory's stand together, and it stands before them.
    private mutating func makeEntries() throws(FileError) {
        let index = package.index
        var open: (entry: UInt32, place: UnpackTarget.Place)?
        for entry in 1..<UInt32(max(1, index.entryCount)) {
            let parent = index.parent(entry)
            if open?.entry != parent {
                open = (parent, try target.open(index.path(parent)))
            }
            guard let place = open?.place else { return }
            do throws(FileError) {
                try make(entry, in: place)
            } catch {
                throw error.at(PathText.display(index.path(entry)))
            }
        }
    }

    private mutating func make(
        _ entry: UInt32,
        in place: UnpackTarget.Place
    ) throws(FileError) {
        let index = package.index
        let inode = index.inode(index.inodeNumber(entry))
        let name = Array(index.name(entry))
        guard name.withUnsafeBytes({ FileName.isLegal($0) }) else {
            throw FileError.malformed("an illegal name")
        }
        if let first = firstNames[inode.number] { return try place.link(name, to: first) }
        if inode.mode.type != .directory, inode.links > 1 {
            firstNames[inode.number] = index.path(entry)
        }
        let file: UnpackTarget.Item
        switch inode.mode.type {
        case .directory:
            // Its own attributes come when everything is in it: it may be read-only.
            return try place.makeDirectory(name)
        case .regular:
            file = try place.makeFile(name)
            try copy(inode, to: file)
        case .symlink:
            file = try place.makeLink(name, to: Array(index.linkTarget(inode)))
        case .socket:
            return lose(entry, "a socket is nothing without its process")
        case .characterDevice, .blockDevice, .fifo:
            do throws(FileError) {
                file = try place.makeNode(name, inode.mode, device: index.device(inode))
            } catch  where error.kind == .notPermitted {
                return lose(entry, "the device: \(error.kind.text)")
            }
        }
        restore(file, entry, inode)
    }

    private mutating func finishDirectories() throws(FileError) {
        let index = package.index
        for entry in (1..<UInt32(max(1, index.entryCount))).reversed() {
            let inode = index.inode(index.inodeNumber(entry))
            guard inode.mode.type == .directory, index.isListed(entry) else { continue }
            restore(try target.directory(index.path(entry)), entry, inode)
        }
    }

    private mutating func restore(
        _ file: UnpackTarget.Item,
        _ entry: UInt32,
        _ inode: Inode
    ) {
        var mode = inode.mode
        // The owner first: a change of it takes set-id bits and capabilities away.
        if let reason = file.setOwner(inode.uid, inode.gid) {
            lose(entry, "owner \(inode.uid):\(inode.gid): \(reason)")
            let bits = mode.permissions & (Mode.setUser | Mode.setGroup)
            if mode.type == .regular, bits != 0 {
                // Whoever ran it would be the one who unpacked it.
                mode.permissions &= ~bits
                lose(entry, "mode \(String(bits, radix: 8)): the owner is another")
            }
        }
        if let reason = file.setMode(mode) {
            lose(entry, "mode \(String(mode.permissions, radix: 8)): \(reason)")
        }
        package.index.forEachAttribute(inode) { name, value in
            if let reason = file.setAttribute(Array(name), value) {
                lose(entry, "\(PathText.display(name)): \(reason)")
            }
            return true
        }
        if let reason = file.setTime(inode.modified) { lose(entry, "time: \(reason)") }
    }

    private func copy(_ inode: Inode, to file: UnpackTarget.Item) throws(FileError) {
        if inode.size == 0 { return }
        let source = try package.open(inode.number)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(inode.size, 128 << 10)),
            alignment: 16
        )
        defer { buffer.deallocate() }
        guard let segments = package.index.segments(inode) else {
            try copy(source, from: 0, to: inode.size, by: buffer, to: file)
            return try file.setSize(inode.size)
        }
        // A sparse file stays one, and its holes are not read: they may be of any size.
        var done: UInt64 = 0
        for number in 0..<segments.count {
            let run = segments[number]
            let (end, overflow) = run.offset.addingReportingOverflow(run.length)
            guard run.offset >= done, !overflow, end <= inode.size else {
                throw FileError.malformed("runs of a sparse file out of order")
            }
            try copy(source, from: run.offset, to: end, by: buffer, to: file)
            done = end
        }
        try file.setSize(inode.size)
    }

    private func copy(
        _ source: any OpenFile,
        from start: UInt64,
        to end: UInt64,
        by buffer: UnsafeMutableRawBufferPointer,
        to file: UnpackTarget.Item
    ) throws(FileError) {
        var offset = start
        while offset < end {
            let wanted = Int(min(UInt64(buffer.count), end - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count = try source.read(into: part, at: offset)
            guard count > 0 else { throw FileError.malformed("\(offset) bytes of \(end)") }
            // Zeros are left to the hole that is there: gigabytes of them pack to kilobytes.
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            if !Self.isZero(bytes) { try file.write(bytes, at: offset) }
            offset += UInt64(count)
        }
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
        return memcmp(base, base + 1, bytes.count - 1) == 0
    }

    private mutating func lose(_ entry: UInt32, _ what: String) {
        losses.append(Loss(path: package.index.path(entry), what: what))
    }
}
