import CLinux
import FileTree
import Glibc

/// A view that is mounted at a directory of the host.
struct MountedView {
    /// Who is behind it.
    enum Server {
        /// One that answers.
        case present
        /// Nobody: it has ended, and left the mount.
        case gone
        /// One that does not answer: whoever looks waits for it.
        case silent
    }

    /// The directory.
    var path: String
    /// What the kernel says of it once its server has ended.
    private let gone: [Int32]

    private init?(_ mount: HostMount) {
        switch (mount.type, mount.source) {
        case ("fuse.pak", _): gone = [ENOTCONN, ECONNABORTED]
        case ("9p", "pak"): gone = [ECONNRESET, EIO]
        default: return nil
        }
        path = mount.path.description
    }

    /// All there are.
    static func all() -> [MountedView] {
        // Where there is no /proc there is nothing to be told.
        ((try? HostMount.all(of: ["fuse.pak", "9p"])) ?? []).compactMap(MountedView.init)
    }

    /// Those at a path.
    ///
    /// Where nothing is mounted, as is usual, the table of all mounts is not read.
    static func all(at path: String) -> [MountedView] {
        pak_may_be_mounted(path) == 0 ? [] : all().filter { $0.path == path }
    }

    /// Whether what is on top at a path is none of them: an unmount would take that away.
    static func isCovered(at path: String) -> Bool {
        // Where there is no /proc there is nothing to be told.
        let mounts = (try? HostMount.all()) ?? []
        guard let top = mounts.last(where: { $0.path.description == path }) else { return false }
        return MountedView(top) == nil
    }

    /// Asks it; who does not answer within five seconds is silent.
    var server: Server {
        if pak_answers_within(path, 5000) == 0 { return .present }
        if errno == ETIMEDOUT { return .silent }
        return gone.contains(errno) ? .gone : .present
    }

    /// Whether nobody serves it any more.
    var isDeserted: Bool { server == .gone }
}
