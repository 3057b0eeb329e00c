import FileTree
import Glibc
import Synchronization

/// What happens in folders of the host, as inotify(7) tells it.
///
/// One thread reads; any may add folders.
final class FileEvents: Sendable {
    /// What has happened.
    struct Event {
        /// The folder that it happened in.
        var watch: Int32
        var kinds: Kinds
        /// The name in the folder that it is about; empty for the folder itself.
        var name: String
    }

    /// Kinds of what happens.
    struct Kinds: OptionSet {
        let rawValue: UInt32
        static let modified = Kinds(rawValue: UInt32(IN_MODIFY))
        static let attributes = Kinds(rawValue: UInt32(IN_ATTRIB))
        static let closed = Kinds(rawValue: UInt32(IN_CLOSE_WRITE))
        static let movedOut = Kinds(rawValue: UInt32(IN_MOVED_FROM))
        static let movedIn = Kinds(rawValue: UInt32(IN_MOVED_TO))
        static let made = Kinds(rawValue: UInt32(IN_CREATE))
        static let removed = Kinds(rawValue: UInt32(IN_DELETE))
        /// The folder itself was removed.
        static let gone = Kinds(rawValue: UInt32(IN_DELETE_SELF))
        /// The folder itself was moved: its path is another's by now, or nobody's.
        static let moved = Kinds(rawValue: UInt32(IN_MOVE_SELF))
        /// The folder is watched no more.
        static let ignored = Kinds(rawValue: UInt32(IN_IGNORED))
        /// Events were lost, of any folder.
        static let overflow = Kinds(rawValue: UInt32(IN_Q_OVERFLOW))
        /// What it is about is a directory.
        static let directory = Kinds(rawValue: 1 << 30)
    }

    private let descriptor: Int32

    /// Errors: those of inotify_init(2): too many of them, above all.
    init() throws(FileError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw FileError(.init(number: errno), "inotify") }
    }

    deinit { close(descriptor) }

    /// Is told of a folder from now on; its number among the events.
    ///
    /// One that is watched already keeps its number, and the kinds that it was watched for. Errors:
    /// those of inotify_add_watch(2), with the path.
    func watch(_ path: String, _ kinds: Kinds) throws(FileError) -> Int32 {
        // IN_ONLYDIR, IN_MASK_ADD
        let watch = inotify_add_watch(descriptor, path, kinds.rawValue | 0x2100_0000)
        guard watch >= 0 else { throw FileError(.init(number: errno), path) }
        return watch
    }

    /// Is told of a folder no more.
    func forget(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

    /// Waits for events; none when the time is up, nil when there can be no more.
    func next(within milliseconds: Int32 = -1) -> [Event]? {
        var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&place, 1, milliseconds)
            if ready == 0 { return [] }
            guard ready > 0 || errno == EINTR else { return nil }
            if ready > 0 { break }
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
        defer { room.deallocate() }
        var count: Int
        repeat {
            count = read(descriptor, room.baseAddress, room.count)
        } while count < 0
            && errno == EINTR
        guard count > 0 else { return nil }
        var events: [Event] = []
        var at = 0
        let head = MemoryLayout<inotify_event>.size
        while at + head <= count {
            let event = room.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
            let end = min(count, at + head + Int(event.len))
            let name = room[(at + head)..<end].prefix { $0 != 0 }
            events.append(
                Event(
                    watch: event.wd,
                    kinds: Kinds(rawValue: event.mask),
                    name: String(decoding: name, as: UTF8.self)
                )
            )
            at = end
        }
        return events
    }
}

/// Whether somebody has a file open to write to it.
enum FileWriters {
    /// What is known of it.
    enum Answer {
        case none, some
        /// The file system, or this user's rights, do not tell.
        case unknown
    }

    /// Asks the kernel by way of a lease, which there is only for files that nobody writes to.
    static func of(_ path: String) -> Answer {
        // Who opens the file while the lease is held is told of to its holder, and this signal
        // would be its end.
        signal(SIGIO, SIG_IGN)
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { return .unknown }
        defer { close(file) }
        // F_SETLEASE
        let command: Int32 = 1024
        guard fcntl(file, command, Int32(F_RDLCK)) == 0 else {
            return errno == EAGAIN ? .some : .unknown
        }
        _ = fcntl(file, command, Int32(F_UNLCK))
        return .none
    }
}
