import CBackground
import FileTree
import Glibc
import Terminal

/// A server that a command leaves behind, which is a copy of its process.
///
/// Until it says that it is ready its complaints are the command's, and so is its status.
enum BackgroundServer {
    /// Returns in the copy; this process waits until that is ready, and ends; with its status when
    /// it is never ready.
    ///
    /// To be called before any thread is started: a copy has one alone.
    static func start() throws(Complaint) {
        guard pak_leave_server() == 0 else {
            throw Complaint("fork: \(String(cString: strerror(errno)))")
        }
    }

    /// Says that all is ready, and lets go of the terminal, when somebody waits for that.
    static func tellReady() { pak_server_is_ready() }

    /// Takes the mount at an absolute path away when this process is told to end.
    ///
    /// Who still uses it sees it to the end.
    static func unmountAtEnd(_ path: String) throws(FileError) {
        guard pak_unmount_at_end(path) == 0 else {
            throw FileError(FileError.Kind(number: errno), "sigaction")
        }
    }
}
