import Environments
import FileTree
import Glibc
import Namespaces
import Terminal

/// Why there is no view.
enum ViewFailure {
    /// The complaint of a view that could not be made one way, with what the machine lacks for it
    /// if that is known.
    static func complaint(
        _ error: FileError,
        _ way: ViewArguments.Way,
        status: Int32 = 125
    ) -> Complaint {
        if error.context == ViewProcess.workingDirectory {
            return Complaint("in the view: \(error)", try: "cd /", status: status)
        }
        if error.kind == .invalid, let place = overlay(error), HostMount.isOverlay(PathBytes(place))
        {
            return Complaint(
                "no view: overlayfs at \(place): the kernel lays overlays two deep, and those of "
                    + "the view or the container around this one count",
                try: "one view of all packages: pak run -p PACKAGE... -- COMMAND",
                status: status
            )
        }
        if let option = error.context?.parts(at: " ").first, option.utf8.starts(with: "--".utf8) {
            return Complaint(error, try: cures[String(option)], status: status)
        }
        if way == .overlay, isOfFUSE(error) {
            return Complaint("no view: \(error)", try: openDevice, status: status)
        }
        for facility in needed(for: way) {
            guard case .missing(let why, let cure) = facility.check() else { continue }
            return Complaint(
                "no view can be had here: \(facility.named(why))",
                try: cure.isEmpty ? "pak doctor" : cure,
                status: status
            )
        }
        return Complaint("no view: \(error)", try: "pak doctor", status: status)
    }

    /// The complaint of a mount at a directory of the host that could not be made.
    static func complaint(
        _ error: FileError,
        at directory: String,
        _ way: ViewArguments.Way
    ) -> Complaint {
        // What is wrong with the directory itself is no lack of the machine's.
        if HostNames.kind(directory) == nil {
            return Complaint(directory, error, try: "mkdir '\(directory)'")
        }
        if MountedView.all().contains(where: { $0.path == TextFile.absolute(directory) }) {
            return mounted(at: directory)
        }
        let facility: Facility = way == .ninep ? .v9fs : .fuseOnHost
        guard case .missing(let why, let cure) = facility.check() else {
            return Complaint(directory, error)
        }
        return Complaint(
            "\(directory): no mount can be had here: \(facility.named(why))",
            try: cure.isEmpty ? "pak doctor" : cure,
            status: 6
        )
    }

    /// What has views be served that overlays cannot be.
    static let openDevice = "as root: chmod 666 /dev/fuse"

    /// Whether it is the mount of /dev/fuse that was refused.
    static func isOfFUSE(_ error: FileError) -> Bool {
        error.context?.utf8.starts(with: "FUSE at ".utf8) == true
    }

    /// The complaint of a place that has a view of ours, whose server is still there.
    static func mounted(at directory: String) -> Complaint {
        let why = "\(directory): a view is mounted there already"
        return Complaint(why, try: "pak umount '\(directory)'")
    }

    /// The path at which an overlay was refused.
    private static func overlay(_ error: FileError) -> String? {
        let start = "overlayfs at "
        guard let context = error.context, context.hasPrefix(start) else { return nil }
        return String(context.dropFirst(start.count))
    }

    /// What helps where an option names what cannot be had.
    private static let cures = [
        "--at": "--at DIR, a directory of the host, or a new name in /",
        "--bind": "--bind SOURCE:TARGET, of directories, or of a file in the place of one",
    ]

    private static func needed(for way: ViewArguments.Way) -> [Facility] {
        let users: [Facility] = View.isPrivileged ? [] : [.userNamespaces]
        switch way {
        case .fuse: return users + [.fuse, .overlayOverFUSE]
        case .overlay: return users + [.overlay]
        case .ninep: return [.v9fs]
        }
    }
}

extension Facility {
    /// What is wrong with it, with its name in front.
    func named(_ why: String) -> String { why.hasPrefix(words) ? why : "\(words): \(why)" }

    /// What it is called.
    var words: String {
        switch self {
        case .userNamespaces: "user namespaces"
        case .fuse: "/dev/fuse in a namespace"
        case .fuseOnHost: "FUSE at a directory of the host"
        case .overlay: "overlayfs in a namespace"
        case .overlayOverFUSE: "overlayfs over FUSE in a namespace"
        case .v9fs: "the kernel's 9P client"
        case .subordinateIDs: "subordinate ids"
        case .answeredCalls: "seccomp's user notification"
        }
    }
}
