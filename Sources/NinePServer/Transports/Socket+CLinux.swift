import CLinux
import FileTree
import Glibc

/// The kernel's sockets, as far as they need C.
enum Socket {
    /// What a descriptor is.
    enum Kind {
        case closed
        /// A pipe, a terminal, a file.
        case other
        case connected
        case listening
    }

    /// Asks the kernel what a descriptor is.
    static func kind(_ descriptor: Int32) -> Kind {
        switch pak_socket_kind(descriptor) {
        case 0: .other
        case 1: .connected
        case 2: .listening
        default: .closed
        }
    }

    /// Binds and listens.
    ///
    /// Errors: `.busy` when another has the address, `.permission`, `.notFound`, `.invalid`.
    static func listen(_ address: Address) throws(FileError) -> Int32 {
        var resolver: Int32 = 0
        let socket =
            switch address {
            case .unix(let path): pak_listen_unix(path)
            case .tcp(let host, let port):
                pak_listen_tcp(host == "*" ? nil : host, String(port), &resolver)
            case .vsock(let cid, let port): pak_listen_vsock(cid, port)
            case .descriptor(let number): number
            case .stdio: throw FileError(.invalid, "stdio: nothing to listen on")
            }
        if socket >= 0 { return socket }
        let number = errno
        if number == EADDRINUSE, case .unix(let path) = address, !isSocket(path) {
            throw FileError(.exists, "\(address): a file that is no socket is there")
        }
        if socket == -2 {
            throw FileError(.notFound, "\(address): \(String(cString: gai_strerror(resolver)))")
        }
        let why: String? =
            switch number {
            case EADDRINUSE: "another server has this address"
            case EADDRNOTAVAIL: "not an address of this machine"
            case EAFNOSUPPORT: "the kernel has no such sockets"
            default: nil
            }
        let kind: FileError.Kind =
            switch number {
            case EADDRINUSE: .busy
            case EADDRNOTAVAIL: .notFound
            case EAFNOSUPPORT: .unsupported
            default: FileError.Kind(number: number)
            }
        let context = why ?? String(cString: strerror(number))
        throw FileError(kind, "\(address): \(context)")
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = Glibc.stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// The next peer, or -1 with errno.
    static func accept(_ socket: Int32) -> Int32 { pak_accept(socket) }

    /// The port that a socket is bound to.
    static func port(_ socket: Int32) -> UInt16 { pak_bound_port(socket) }

    /// The device and inode of a socket's file; nil when it is not there.
    static func identity(_ path: String) -> FileIdentity? {
        var stat = pak_stat()
        guard pak_stat_at(AT_FDCWD, path, &stat) == 0 else { return nil }
        return FileIdentity(device: stat.device, inode: stat.inode)
    }

    /// Which file it is, whatever it is called.
    struct FileIdentity: Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// Who connected a unix socket; nil for others.
    static func peer(_ socket: Int32) -> (uid: UInt32, gid: UInt32)? {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        return pak_peer(socket, &uid, &gid) == 0 ? (uid, gid) : nil
    }

    /// A user of this machine by name; nil when there is none.
    static func user(named name: String) -> (uid: UInt32, gid: UInt32)? {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        return pak_user_named(name, &uid, &gid) == 0 ? (uid, gid) : nil
    }

    /// The first group of a user of this machine; nil when there is none.
    static func group(ofUser uid: UInt32) -> UInt32? {
        var gid: UInt32 = 0
        return pak_user_numbered(uid, &gid) == 0 ? gid : nil
    }
}
