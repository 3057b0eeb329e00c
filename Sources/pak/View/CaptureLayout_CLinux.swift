import Archive
import CLinux
import CaptureTree
import Environments
import FileTree
import Glibc
import Namespaces
import UnionTree

/// The mounts of a capture that is not served: the kernel keeps what is changed.
///
/// Each directory of the root is an overlay of its own, since the kernel lets nobody have what lies
/// below a mount without that: one of all would have to do without what is mounted on the host. So is
/// each directory of one that has mounts in it. Changes are kept in memory: on the disk they would lie
/// within what they are over.
struct CaptureLayout {
    /// What a step hands over while the view is made.
    enum Handed {
        /// A directory, which the packages are to be written to.
        case packages
        /// Likewise, what was changed before.
        case earlier
        /// Likewise, files beside overlays.
        case files
        /// A directory, in which the changes will be.
        case changes
        /// A directory, in which the host's directories are to be made.
        case folders
    }

    private(set) var steps: [Step] = []
    private(set) var handed: [Int: Handed] = [:]
    /// The paths that have changes of their own, and where below the directory of them all.
    private(set) var uppers: [(path: PathBytes, place: String)] = []
    /// The directories of the host that are below changes.
    private(set) var lowers: [PathBytes] = []
    /// What nothing can be changed in, though the user could read it.
    private(set) var left: [PathBytes] = []
    /// What was changed before.
    let earlier: EarlierChanges
    /// Files that are beside overlays.
    private var files: [(path: [UInt8], node: any Node)] = []
    private var devices: [(path: [UInt8], stat: Stat)] = []

    private let points: CapturePoints
    private let base: PathBytes?
    private let packages: any Directory
    private let root: any Directory
    private let mounts: [HostMount]
    /// The directories that are the view's own, not the host's.
    private var own: [PathBytes] = ["/proc", "/sys", "/dev"]
    private var over: [Step] = []
    private var hasUsers = false

    init(_ capture: Capture, _ points: CapturePoints) throws(FileError) {
        self.points = points
        base = capture.base.base.map { PathBytes($0 == "/" ? "" : $0) }
        packages = try capture.packagesRoot
        root = capture.tree.root
        earlier = try EarlierChanges(capture.tree)
        mounts = try HostMount.reachable()
        if base?.hasPrefix("9p!") == true {
            throw FileError(.unsupported, "a base that another server has takes /dev/fuse")
        }
    }

    /// Lays packages and base below what takes the changes.
    mutating func lay(hasUsers: Bool, hidesTemporary: Bool) throws(FileError) {
        self.hasUsers = hasUsers
        if hidesTemporary { own.append("/tmp") }
        hand(.packages, at: "packages")
        if !earlier.isEmpty { hand(.earlier, at: "earlier") }
        hand(.changes, at: "changes")
        if hasUsers { hand(.folders, at: "folders") }
        steps.append(.temporary(at: .hidden("root")))
        for path in own { steps.append(.directory(at: .hidden("root" + path))) }
        try split("", root)
        steps += points.steps()
        handed[steps.count] = .files
        steps.append(.fill(at: .hidden("root")))
        steps.append(overlay([.hidden("root")], at: "/"))
        steps += over
    }

    private mutating func hand(_ what: Handed, at place: String) {
        steps.append(.temporary(at: .hidden(place)))
        handed[steps.count] = what
        steps.append(.fill(at: .hidden(place)))
    }

    /// Makes a directory what the capture shows of it, each in it an overlay of its own.
    private mutating func split(_ path: PathBytes, _ directory: any Directory) throws(FileError) {
        for name in try directory.names() {
            let path = path + "/" + PathBytes(name)
            if own.contains(path) { continue }
            if bindMount(path) { continue }
            let node: any Node
            do throws(FileError) { node = try directory.lookup(name.span.bytes) } catch {
                if error.kind == .notFound { continue }
                throw error
            }
            guard let inner = node.directory else {
                try addFile(path, node)
                continue
            }
            if try isMade(path) {
                try copy(path, node)
                continue
            }
            let mode = try node.stat().mode.permissions
            steps.append(.directory(at: .hidden("root" + path), mode: mode | 0o700))
            try add(path, inner)
        }
    }

    private mutating func add(_ path: PathBytes, _ directory: any Directory) throws(FileError) {
        let host = shownHost(path)
        if let host {
            let isSplit = mounts.contains { $0.path.hasPrefix(host + "/") }
            let isClosed = hasUsers && host.withCString({ access($0, R_OK | X_OK) }) != 0
            if path == "/run" || isClosed {
                over.append(.bind(from: .host(host), at: .view(path), readOnly: true))
                // What is closed to the user would be so in any way.
                if !isClosed { left.append(path) }
                return
            }
            if isSplit { return try split(path, directory) }
        }
        var lower: [Place] = earlier.has(path) ? [.hidden("earlier" + path)] : []
        if earlier.shows(path) {
            if try packages.node(atPath: path.bytes)?.directory != nil {
                lower.append(.hidden("packages" + path))
            }
            if let host {
                // What is another's cannot be written by who has no right to be him: so the
                // directories are the user's own.
                if hasUsers { lower.append(.hidden("folders" + path)) }
                lower.append(.host(host))
                lowers.append(host)
            }
        }
        over.append(overlay(lower + points.lowest(path), at: path))
    }

    /// Whether all of a directory was made before: then it is none of the overlays, so that it can be
    /// removed again.
    private func isMade(_ path: PathBytes) throws(FileError) -> Bool {
        if !earlier.shows(path) { return true }
        if let base, HostNames.kind(base + path) != nil { return false }
        return try packages.node(atPath: path.bytes) == nil
    }

    private mutating func copy(_ path: PathBytes, _ node: any Node) throws(FileError) {
        // Without recursion: a tree may be deeper than the stack.
        var waiting = [(path: path, node: node)]
        while let (path, node) = waiting.popLast() {
            let stat = try node.stat()
            let bytes = path.dropFirst().bytes
            switch stat.mode.type {
            case .characterDevice, .blockDevice: devices.append((bytes, stat))
            case .socket: break
            default: files.append((bytes, node))
            }
            guard let directory = node.directory else { continue }
            for name in try directory.names() {
                let inner = try directory.lookup(name.span.bytes)
                waiting.append((path + "/" + PathBytes(name), inner))
            }
        }
    }

    /// The directory of the host that shows at a path; nil when there is none.
    private func shownHost(_ path: PathBytes) -> PathBytes? {
        guard let base, earlier.shows(path) else { return nil }
        return HostNames.kind(base + path) == .directory ? base + path : nil
    }

    /// Shows a mount of the host as it is whose files are no disk's: what the kernel is and does, and
    /// what a server has who does not answer.
    private mutating func bindMount(_ path: PathBytes) -> Bool {
        guard let base, earlier.shows(path),
            let mount = mounts.last(where: { $0.path == base + path }),
            Self.kernels.contains(mount.type) || isSilent(mount)
        else { return false }
        let place = Place.hidden("root" + path)
        let isFolder = HostNames.kind(mount.path) == .directory
        steps.append(isFolder ? .directory(at: place) : .file(at: place))
        over.append(.bind(from: .host(mount.path), at: .view(path), readOnly: true))
        if !Self.kernels.contains(mount.type) { left.append(path) }
        return true
    }

    /// Whether nobody answers for a mount that a server has.
    private func isSilent(_ mount: HostMount) -> Bool {
        guard mount.type.utf8.starts(with: "fuse".utf8) || Self.served.contains(mount.type) else {
            return false
        }
        return mount.path.withCString { pak_answers_within($0, 1000) } != 0
    }

    private static let served: Set<String> = [
        "9p", "afs", "ceph", "cifs", "nfs", "nfs4", "smb3", "virtiofs",
    ]

    private static let kernels: Set<String> = [
        "proc", "sysfs", "cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "debugfs", "tracefs",
        "securityfs", "configfs", "fusectl", "bpf", "pstore", "efivarfs", "binfmt_misc", "autofs",
        "rpc_pipefs", "nsfs", "hugetlbfs", "selinuxfs",
    ]

    /// A file beside overlays: a copy, or itself where it is none to be copied.
    private mutating func addFile(_ path: PathBytes, _ node: any Node) throws(FileError) {
        let stat = try node.stat()
        if stat.mode.type == .regular {
            let isSmall = stat.size <= Self.mostCopied
            // Who may not read it has it refused below.
            let isOpen = (try? node.file?.open(.read)) != nil
            if !isSmall || !isOpen, let base, HostNames.kind(base + path) == .other,
                earlier.shows(path)
            {
                steps.append(.file(at: .hidden("root" + path)))
                over.append(.bind(from: .host(base + path), at: .view(path), readOnly: true))
                if isOpen { left.append(path) }
                return
            }
            guard isOpen else { return }
        }
        try copy(path, node)
    }

    private static let mostCopied: UInt64 = 4 << 20
    /// Where others make and remove files all the time.
    private static let tries = 16

    /// Writes the files beside overlays below an open directory, which it closes; `users` have what
    /// is theirs.
    func writeFiles(to descriptor: Int32, for users: ViewUsers?) throws(FileError) {
        defer { close(descriptor) }
        let root = "/proc/self/fd/\(descriptor)/."
        var left = files
        var members: [Member] = []
        for again in (0..<Self.tries).reversed() {
            do throws(FileError) {
                // What is there already are places for overlays.
                let draft = try Draft(nodes: left)
                let package = try Package(draft, path: root)
                _ = try Unpacker.unpack(package, to: root, replacing: true)
                members = draft.members
                break
            } catch {
                // Gone since it was listed: as if it had been gone before.
                guard error.kind == .notFound, again > 0 else { throw error }
                left = left.filter { (try? $0.node.stat()) != nil }
            }
        }
        for (path, stat) in devices {
            try OverlayPlaceholder.make(path, below: root, stat)
        }
        try users?.give(members, in: descriptor)
        try users?.give(devices.map { ($0.path, $0.stat.uid, $0.stat.gid, 0) }, in: descriptor)
    }

    private mutating func overlay(_ lower: [Place], at path: PathBytes) -> Step {
        let number = uppers.count
        let (upper, work) = ("changes/\(number)/upper", "changes/\(number)/work")
        steps.append(.directory(at: .hidden(upper)))
        steps.append(.directory(at: .hidden(work)))
        uppers.append((path, "\(number)/upper"))
        return .overlay(
            lower: lower,
            upper: .hidden(upper),
            work: .hidden(work),
            at: .view(path)
        )
    }
}
