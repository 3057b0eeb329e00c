import Archive
import CaptureTree
import FileTree
import Glibc
import Namespaces
import Synchronization
import SystemPackage

/// What a command has changed by way of overlays, in memory that outlives its view.
struct HeldChanges {
    /// How the command ended.
    let ending: Ending
    /// When it began, at the latest.
    let start: Timestamp
    let directory: HeldDirectory
    /// The paths that have changes of their own, and where in the directory.
    let uppers: [(path: PathBytes, place: String)]

    /// Does to `root` what was done to the view; returns what is not as the command had it.
    ///
    /// Nothing is done before all that there is can be read.
    func readBack(to root: any Directory) throws(FileError) -> [Unpacker.Loss] {
        let path = FilePath("/proc/self/fd/\(directory.number)")
        let changes = try HostTree(path, isWritable: true).root
        var upper = OverlayUpper(since: start)
        var found: [(path: [UInt8], directory: any Directory)] = []
        for (path, place) in uppers {
            guard let inner = try changes.node(atPath: Array(place.utf8))?.directory else {
                throw FileError(.notFound, place)
            }
            found.append((path.bytes, inner))
        }
        for (path, directory) in found { try upper.check(directory, at: path) }
        for (path, directory) in found { try upper.apply(directory, to: root, at: path) }
        return upper.losses
    }
}

/// A directory of a view that is held so that it outlives the view.
final class HeldDirectory: Sendable {
    private let descriptor = Mutex<Int32>(-1)

    var number: Int32 { descriptor.withLock { $0 } }

    func take(_ number: Int32) { descriptor.withLock { $0 = number } }

    deinit {
        let number = number
        if number >= 0 { close(number) }
    }
}
