import Archive
import CaptureTree
import Environments
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
    /// Who the command was.
    let identity: View.Identity
    /// Whose the changes are, beside the user's; nil where that is nobody.
    let users: ViewUsers?
    /// The paths that have changes of their own, and where in the directory.
    let uppers: [(path: PathBytes, place: String)]

    /// Makes sure that all that there is can be read.
    ///
    /// `rules` say what is in packages. Errors: what cannot be read, with its path.
    func checked(_ rules: Rules) throws(FileError) -> ReadableChanges {
        try users?.takeAll(in: directory.number)
        let path = FilePath("/proc/self/fd/\(directory.number)")
        let changes = try HostTree(path, isWritable: true).root
        var found: [(path: [UInt8], directory: any Directory)] = []
        for (path, place) in uppers {
            guard let inner = try changes.node(atPath: Array(place.utf8))?.directory else {
                throw FileError(.notFound, place)
            }
            found.append((path.bytes, inner))
        }
        let user: OverlayUpper.Maker = identity == .kept ? .user : .viewRoot
        var upper = OverlayUpper(since: start, by: View.isPrivileged ? .hostRoot : user)
        for (path, directory) in found { try upper.check(directory, at: path, rules) }
        return ReadableChanges(directory: directory, upper: upper, found: found)
    }
}

/// Changes of which all can be read, as often as need be.
struct ReadableChanges {
    /// Held, and all that is in it.
    fileprivate let directory: HeldDirectory
    fileprivate let upper: OverlayUpper
    fileprivate let found: [(path: [UInt8], directory: any Directory)]

    /// Does to a capture what was done to the view, or nothing; returns what is not as the command
    /// had it.
    func apply(to capture: Capture) throws(FileError) -> [Unpacker.Loss] {
        var upper = upper
        try capture.layer.atOnce { () throws(FileError) in
            for (path, directory) in found {
                try upper.apply(directory, to: capture.root, at: path)
            }
        }
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
