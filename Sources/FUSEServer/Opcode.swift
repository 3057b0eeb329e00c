/// What the kernel asks for: `len[4] opcode[4] unique[8] nodeid[8] uid[4] gid[4] pid[4]
/// extlen[2] pad[2]`, then what belongs to the opcode.
///
/// Numbers that are not here are answered with ENOSYS, once: the kernel then does without.
///
/// The corresponding constants are `FUSE_LOOKUP` and so on.
enum Opcode: UInt32, CaseIterable {
    case lookup = 1
    case forget = 2
    case getattr = 3
    case setattr = 4
    case readlink = 5
    case symlink = 6
    case mknod = 8
    case mkdir = 9
    case unlink = 10
    case rmdir = 11
    case rename = 12
    case link = 13
    case open = 14
    case read = 15
    case write = 16
    case statfs = 17
    case release = 18
    case fsync = 20
    case setxattr = 21
    case getxattr = 22
    case listxattr = 23
    case removexattr = 24
    case flush = 25
    case initialize = 26
    case opendir = 27
    case readdir = 28
    case releasedir = 29
    case fsyncdir = 30
    case getlk = 31
    case setlk = 32
    case setlkw = 33
    case access = 34
    case create = 35
    case interrupt = 36
    case destroy = 38
    case batchForget = 42
    case fallocate = 43
    case readdirplus = 44
    case rename2 = 45
    case lseek = 46
    case tmpfile = 51

    /// The bytes behind the header that have to be there: fields of a fixed place, names not.
    var fixedSize: Int {
        switch self {
        case .lookup, .readlink, .symlink, .unlink, .rmdir, .statfs, .removexattr, .destroy: 0
        case .access, .forget, .getxattr, .listxattr, .interrupt, .link, .mkdir, .open, .opendir,
            .rename, .setxattr, .batchForget:
            8
        // The first version of its fields; the flags behind came with 7.6.
        case .initialize: 8
        case .create, .getattr, .mknod, .rename2, .fsync, .fsyncdir, .tmpfile: 16
        case .flush, .release, .releasedir, .lseek: 24
        case .fallocate: 32
        case .read, .readdir, .readdirplus, .write: 40
        case .getlk, .setlk, .setlkw: 48
        case .setattr: 88
        }
    }

    /// Whether nothing is to be answered.
    var isOneWay: Bool { self == .forget || self == .batchForget }
}
