import CLinux
import Glibc

/// The descriptor of a FUSE connection, or what stands in for it in tests.
enum Device {
    /// Another descriptor of the connection, with a queue of its own; nil where there is none to
    /// be had, and the first serves all.
    static func clone(_ descriptor: Int32) -> Int32? {
        let clone = pak_fuse_clone(descriptor)
        return clone < 0 ? nil : clone
    }

    /// Has whoever waits for a request woken together with all others that do, where one alone is
    /// woken else, the one that waits longest; what stands in for the kernel stays as it is.
    ///
    /// Returns whether that is so.
    static func wakeTogether(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFCHR else {
            return false
        }
        return fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0
    }

    /// What came of waiting for a request.
    enum Read {
        case request(Int)
        /// Nothing, for now.
        case none
        /// Nothing is mounted any more.
        case end
        case failed(Int32)
    }

    /// Waits for the next request; `isShared` says that all who do are woken.
    static func read(
        _ descriptor: Int32,
        into buffer: UnsafeMutableRawBufferPointer,
        isShared: Bool
    ) -> Read {
        if isShared {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&ready, 1, -1)
        }
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 { return .request(count) }
        if count == 0 { return .end }
        switch errno {
        // ENOENT: it was given up before it could be read.
        case EINTR, ENOENT: return .none
        case EAGAIN where isShared: return .none
        case EAGAIN:
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&ready, 1, -1)
            return .none
        case ENODEV, ECONNABORTED, ENOTCONN: return .end
        default: return .failed(errno)
        }
    }
}
