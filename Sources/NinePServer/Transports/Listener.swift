import FileTree
import Glibc

/// A socket that conversations come in by.
final class Listener: Sendable {
    /// The address, with the port that was given when 0 was asked for.
    let address: Address
    private let socket: Int32
    /// The file of a unix socket, so that no other's is ever removed.
    private let file: Socket.FileIdentity?

    /// Binds and listens.
    ///
    /// Errors: `.busy` when another has the address, `.permission`, `.notFound`, `.invalid`.
    init(_ address: Address) throws(FileError) {
        socket = try Socket.listen(address)
        switch address {
        case .tcp(let host, _):
            self.address = .tcp(host: host, port: Socket.port(socket))
            file = nil
        case .unix(let path):
            self.address = address
            file = Socket.identity(path)
        default:
            self.address = address
            file = nil
        }
    }

    /// Waits for the next peer; nil when there will be none any more.
    func accept() -> Int32? {
        while true {
            let peer = Socket.accept(socket)
            if peer >= 0 { return peer }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EINVAL, EBADF, ENOTSOCK, EOPNOTSUPP: return nil
            case EAGAIN:
                // An inherited socket that does not block by itself.
                var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                poll(&wanted, 1, -1)
            default:
                // No descriptor is free, or the network has a fault of its own: whoever waits
                // stays in the queue until that is over.
                usleep(20_000)
            }
        }
    }

    /// Ends `accept`, and removes the socket's file if it is still ours.
    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        guard case .unix(let path) = address, let file, Socket.identity(path) == file else {
            return
        }
        unlink(path)
    }

    deinit { close(socket) }
}
