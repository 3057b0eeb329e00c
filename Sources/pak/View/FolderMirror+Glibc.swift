import FileTree
import Glibc

/// Makes directories like those of the host, for a view in which they are the user's.
///
/// There may be a hundred thousand: a directory that has none in it, as its count of links tells,
/// takes three calls.
enum FolderMirror {
    /// Makes, in the directory of a descriptor, all directories of others at and below `paths`.
    static func make(_ paths: [PathBytes], below base: String, in descriptor: Int32) {
        let mask = umask(0)
        defer { umask(mask) }
        for path in paths {
            let folder = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard folder >= 0 else { continue }
            defer { close(folder) }
            var place = dup(descriptor)
            for name in path.dropFirst(base.utf8.count).names {
                _ = name.withCString { mkdirat(place, $0, 0o755) }
                let next = name.withCString {
                    openat(place, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                }
                close(place)
                place = next
            }
            guard place >= 0 else { continue }
            defer { close(place) }
            var status = stat()
            guard fstat(folder, &status) == 0 else { continue }
            if status.st_uid != geteuid() { fill(folder, ".", in: place, own: geteuid()) }
            fchmod(place, status.st_mode & 0o7777)
            futimens(place, [status.st_atim, status.st_mtim])
        }
    }

    /// Makes one, and what is in it; what cannot be looked into stays another's.
    private static func make(
        _ name: UnsafePointer<CChar>,
        of parent: Int32,
        in place: Int32,
        own: uid_t
    ) {
        var status = stat()
        guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & 0o005 == 0o005 || faccessat(parent, name, R_OK | X_OK, 0) == 0,
            mkdirat(place, name, status.st_mode & 0o1777 | 0o700) == 0
        else { return }
        // File systems that do not count have one link, or none.
        if status.st_uid != own, status.st_nlink != 2 {
            let new = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if new >= 0 {
                fill(parent, name, in: new, own: own)
                close(new)
            }
        }
        if status.st_mode & 0o6700 != 0o700 { fchmodat(place, name, status.st_mode & 0o7777, 0) }
        utimensat(place, name, [status.st_atim, status.st_mtim], AT_SYMLINK_NOFOLLOW)
    }

    /// Makes what is in one.
    private static func fill(
        _ parent: Int32,
        _ name: UnsafePointer<CChar>,
        in place: Int32,
        own: uid_t
    ) {
        let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        guard let listing = fdopendir(folder) else {
            close(folder)
            return
        }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let type = Int(entry.pointee.d_type)
            guard type == DT_DIR || type == DT_UNKNOWN else { continue }
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    if strcmp(name, ".") != 0, strcmp(name, "..") != 0 {
                        make(name, of: folder, in: place, own: own)
                    }
                }
            }
        }
    }
}
