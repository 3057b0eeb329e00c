import FileTree
import Glibc

/// The marks by which an overlay's upper layer hides names of the lower.
enum Whiteouts {
    /// Makes marks at paths below an open directory; directories on the way that are missing
    /// become as `base` has them.
    static func make(
        _ paths: [[UInt8]],
        in root: Int32,
        over base: String
    ) throws(FileError) {
        for path in paths {
            let names = path.split(separator: UInt8(ascii: "/")).map(Array.init)
            guard let name = names.last else { continue }
            do throws(FileError) {
                try make(name, in: names.dropLast(), root, base)
            } catch {
                throw error.at(String(decoding: path, as: UTF8.self))
            }
        }
    }

    private static func make(
        _ name: [UInt8],
        in folders: some Sequence<[UInt8]>,
        _ root: Int32,
        _ base: String
    ) throws(FileError) {
        var directory = try open([UInt8(ascii: ".")], in: root)
        defer { close(directory) }
        var path = Array(base.utf8)
        for folder in folders {
            path += [UInt8(ascii: "/")] + folder
            let isNew = try changing(directory) {
                (folder + [0]).withCString { mkdirat(directory, $0, 0o700) }
            }
            let next = try open(folder, in: directory)
            close(directory)
            directory = next
            if isNew { try take(path, directory) }
        }
        _ = try changing(directory) {
            // The one device that anybody may make.
            (name + [0]).withCString { mknodat(directory, $0, S_IFCHR | 0o600, 0) }
        }
    }

    private static func open(_ name: [UInt8], in directory: Int32) throws(FileError) -> Int32 {
        let number = (name + [0]).withCString {
            openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard number >= 0 else { throw FileError(.init(number: errno)) }
        return number
    }

    /// Makes a name in a directory, which stays what it was; false when it is there already.
    private static func changing(
        _ directory: Int32,
        _ make: () -> Int32
    ) throws(FileError) -> Bool {
        var status = stat()
        guard fstat(directory, &status) == 0 else { throw FileError(.init(number: errno)) }
        let isClosed = geteuid() != 0 && status.st_mode & 0o300 != 0o300
        if isClosed { fchmod(directory, status.st_mode & 0o7777 | 0o700) }
        let result = make()
        let number = errno
        if isClosed { fchmod(directory, status.st_mode & 0o7777) }
        if result == 0 { futimens(directory, [status.st_atim, status.st_mtim]) }
        guard result == 0 || number == EEXIST else { throw FileError(.init(number: number)) }
        return result == 0
    }

    /// Gives a new directory the attributes of one of the host.
    private static func take(_ path: [UInt8], _ directory: Int32) throws(FileError) {
        var status = stat()
        guard (path + [0]).withCString({ stat($0, &status) }) == 0 else {
            throw FileError(.init(number: errno))
        }
        // The owner is given where that is allowed, as for all files of the packages.
        _ = fchown(directory, status.st_uid, status.st_gid)
        fchmod(directory, status.st_mode & 0o7777)
        futimens(directory, [status.st_atim, status.st_mtim])
    }
}
