import CLinux
import FileTree
import Glibc

/// The directory that a package is unpacked to.
///
/// One that is missing is made under another name, and gets its own when all is in it.
final class UnpackTarget {
    private let path: String
    /// Where files go meanwhile; the path itself when that was there.
    private let working: String
    private let wasEmpty: Bool
    private let replacing: Bool
    private let root: HostDescriptor

    init(_ directory: String, replacing: Bool) throws(FileError) {
        var path = directory
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.replacing = replacing
        if access(path, F_OK) == 0 {
            working = path
            root = try HostDescriptor.openRoot(path: path)
            wasEmpty = try Self.isEmpty(root)
            guard wasEmpty || replacing else { throw FileError(.notEmpty, directory) }
        } else {
            working = try HostFolder.makeNew(path)
            wasEmpty = true
            root = try HostDescriptor.openRoot(path: working)
        }
    }

    /// Gives the directory its name.
    func finish() throws(FileError) {
        if working == path { return }
        let mask = umask(0)
        umask(mask)
        guard chmod(working, 0o777 & ~mask) == 0, rename(working, path) == 0 else {
            throw FileError(.init(number: errno), path)
        }
    }

    /// Takes away what has been made, unless it is among files that were there before.
    func abandon() {
        guard wasEmpty else { return }
        HostFolder.empty(root)
        if working != path { rmdir(working) }
    }

    /// The directory at `path`, which has been made here.
    func open(_ path: [UInt8]) throws(FileError) -> Place {
        do throws(FileError) {
            let place = path.isEmpty ? [UInt8(ascii: "."), 0] : path + [0]
            return Place(
                target: self,
                directory: try root.open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            )
        } catch {
            throw error.at(PathText.display(path))
        }
    }

    /// The directory at `path` as something that has attributes.
    func directory(_ path: [UInt8]) throws(FileError) -> Item {
        Item(descriptor: try open(path).directory, path: nil)
    }

    private static func isEmpty(_ directory: HostDescriptor) throws(FileError) -> Bool {
        var isEmpty = true
        try directory.open([UInt8(ascii: "."), 0], O_RDONLY | O_DIRECTORY).entries(from: 0) {
            _,
            _ in
            isEmpty = false
            return false
        }
        return isEmpty
    }
}

extension UnpackTarget {
    /// A directory in which entries are made.
    struct Place {
        fileprivate let target: UnpackTarget
        fileprivate let directory: HostDescriptor

        func makeDirectory(_ name: [UInt8]) throws(FileError) {
            let done = (name + [0]).withCString { mkdirat(directory.number, $0, 0o755) } == 0
            if !done, errno == EEXIST, target.replacing || !target.wasEmpty {
                // A directory in the way is as good; a link to one is not.
                _ = try directory.open(name + [0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                return
            }
            guard done else { throw FileError(.init(number: errno)) }
        }

        func makeFile(_ name: [UInt8]) throws(FileError) -> Item {
            try clear(name)
            let path = name + [0]
            let file = path.withCString {
                openat(
                    directory.number,
                    $0,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0o600
                )
            }
            guard file >= 0 else { throw FileError(.init(number: errno)) }
            return Item(descriptor: HostDescriptor(owning: file), path: nil)
        }

        func makeLink(_ name: [UInt8], to text: [UInt8]) throws(FileError) -> Item {
            try clear(name)
            return try item(name) { path in
                (text + [0]).withCString { symlinkat($0, directory.number, path) }
            }
        }

        func makeNode(
            _ name: [UInt8],
            _ mode: Mode,
            device: UInt64
        ) throws(FileError) -> Item {
            try clear(name)
            return try item(name) {
                mknodat(directory.number, $0, mode.type.rawValue | 0o600, dev_t(device))
            }
        }

        /// Gives the file at `path`, which has been made here, another name.
        func link(_ name: [UInt8], to path: [UInt8]) throws(FileError) {
            try clear(name)
            let file = try target.root.open(path + [0], pak_o_path | O_NOFOLLOW)
            // The descriptor's own entry leads to that very file, however it is called by now.
            let done = (name + [0]).withCString {
                linkat(
                    AT_FDCWD,
                    "/proc/self/fd/\(file.number)",
                    directory.number,
                    $0,
                    AT_SYMLINK_FOLLOW
                )
            }
            guard done == 0 else { throw FileError(.init(number: errno)) }
        }

        private func clear(_ name: [UInt8]) throws(FileError) {
            if !target.replacing { return }
            guard
                (name + [0]).withCString({ unlinkat(directory.number, $0, 0) }) == 0
                    || errno == ENOENT
            else { throw FileError(.init(number: errno)) }
        }

        private func item(
            _ name: [UInt8],
            _ make: (UnsafePointer<CChar>) -> Int32
        ) throws(FileError) -> Item {
            guard (name + [0]).withCString(make) == 0 else {
                throw FileError(.init(number: errno))
            }
            return Item(descriptor: directory, path: name + [0])
        }
    }

    /// A file that has been made; each change of it gives the reason why it could not be done.
    struct Item {
        /// The file, or the directory it is in.
        fileprivate let descriptor: HostDescriptor
        /// Its name there; nil when the descriptor is the file's own.
        fileprivate let path: [UInt8]?

        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
            var done = 0
            while done < bytes.count {
                let place = off_t(offset) + off_t(done)
                let count = pwrite(
                    descriptor.number,
                    bytes.baseAddress.map { $0 + done },
                    bytes.count - done,
                    place
                )
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileError(.init(number: errno)) }
                done += count
            }
        }

        func setSize(_ size: UInt64) throws(FileError) {
            guard ftruncate(descriptor.number, off_t(size)) == 0 else {
                throw FileError(.init(number: errno))
            }
        }

        func setOwner(_ uid: UInt32, _ gid: UInt32) -> String? {
            // Nobody but root may give files away, and to keep one's own is no loss.
            if geteuid() != 0, uid == geteuid(), gid == getegid() { return nil }
            return reason(
                file: fchown(descriptor.number, uid, gid),
                name: { fchownat(descriptor.number, $0, uid, gid, AT_SYMLINK_NOFOLLOW) }
            )
        }

        func setMode(_ mode: Mode) -> String? {
            // A link has no mode of its own.
            if mode.type == .symlink { return nil }
            return reason(
                file: fchmod(descriptor.number, mode.permissions),
                name: { fchmodat(descriptor.number, $0, mode.permissions, AT_SYMLINK_NOFOLLOW) }
            )
        }

        func setTime(_ time: Timestamp) -> String? {
            let stamp = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
            let times = [stamp, stamp]
            return reason(
                file: futimens(descriptor.number, times),
                name: { utimensat(descriptor.number, $0, times, AT_SYMLINK_NOFOLLOW) }
            )
        }

        func setAttribute(_ name: [UInt8], _ value: UnsafeRawBufferPointer) -> String? {
            (name + [0]).withCString { name in
                reason(
                    file: fsetxattr(descriptor.number, name, value.baseAddress, value.count, 0),
                    name: { file in
                        lsetxattr(
                            "/proc/self/fd/\(descriptor.number)/\(String(cString: file))",
                            name,
                            value.baseAddress,
                            value.count,
                            0
                        )
                    }
                )
            }
        }

        private func reason(
            file: @autoclosure () -> Int32,
            name: (UnsafePointer<CChar>) -> Int32
        ) -> String? {
            let result = path.map { $0.withCString(name) } ?? file()
            return result == 0 ? nil : "\(FileError.Kind(number: errno).text)"
        }
    }
}
