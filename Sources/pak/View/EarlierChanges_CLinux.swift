import Archive
import CLinux
import CaptureTree
import FileTree
import Glibc
import Namespaces

/// What a layer has changed already, as a layer of an overlay has it.
///
/// A directory that is another than the one below is whole in it, and shows nothing of that.
struct EarlierChanges {
    /// What is there, by its path.
    private var nodes: [(path: [UInt8], node: any Node)] = []
    private var devices: [(path: [UInt8], stat: Stat)] = []
    /// The paths that are gone.
    private var removed: [[UInt8]] = []
    /// The directories that show nothing of what is below.
    private var opaque: Set<[UInt8]> = []
    /// The directories in which there is something.
    private var folders: Set<[UInt8]> = []

    init(_ tree: CaptureTree) throws(FileError) {
        guard tree.layer.statistics.objects > 1 else { return }
        try tree.forEachTouched { (touched) throws(FileError) in try add(touched) }
        nodes = nodes.filter { !opaque.contains($0.path) && !isBelowOpaque($0.path) }
        devices = devices.filter { !isBelowOpaque($0.path) }
        for path in opaque {
            guard let directory = try tree.root.node(atPath: path)?.directory else { continue }
            try addAll(of: directory, path)
        }
        for path in nodes.map(\.path) + devices.map(\.path) + removed { addFolders(of: path) }
        for (path, node) in nodes where node.directory != nil { folders.insert(path) }
    }

    var isEmpty: Bool { folders.isEmpty && nodes.isEmpty && devices.isEmpty && removed.isEmpty }

    /// Whether something of a directory is in it.
    func has(_ path: PathBytes) -> Bool { folders.contains(Self.bytes(path)) }

    /// Whether a path shows what is below.
    func shows(_ path: PathBytes) -> Bool {
        let path = Self.bytes(path)
        return !opaque.contains(path) && !isBelowOpaque(path)
    }

    private static func bytes(_ path: PathBytes) -> [UInt8] {
        Array(path.bytes.drop { $0 == UInt8(ascii: "/") })
    }

    private func isBelowOpaque(_ path: [UInt8]) -> Bool {
        if opaque.isEmpty { return false }
        var path = path[...]
        while let slash = path.lastIndex(of: UInt8(ascii: "/")) {
            path = path[..<slash]
            if opaque.contains(Array(path)) { return true }
        }
        return false
    }

    private mutating func addFolders(of path: [UInt8]) {
        var path = path[...]
        while let slash = path.lastIndex(of: UInt8(ascii: "/")) {
            path = path[..<slash]
            guard folders.insert(Array(path)).inserted else { return }
        }
    }

    // MARK: What there is

    private mutating func add(_ touched: TouchedDirectory) throws(FileError) {
        if !touched.path.isEmpty { nodes.append((touched.path, touched.node)) }
        for entry in touched.entries {
            let path = Self.join(touched.path, entry.name)
            guard let node = entry.node else {
                if entry.lower != nil { removed.append(path) }
                continue
            }
            if node.directory != nil {
                if !entry.isInPlace { opaque.insert(path) }
            } else if !entry.isInPlace || entry.bytes != .same || !entry.declared.isEmpty {
                try add(node, path)
            }
        }
    }

    private mutating func add(_ node: any Node, _ path: [UInt8]) throws(FileError) {
        let stat = try node.stat()
        switch stat.mode.type {
        case .characterDevice, .blockDevice: devices.append((path, stat))
        default: nodes.append((path, node))
        }
    }

    private mutating func addAll(of directory: any Directory, _ path: [UInt8]) throws(FileError) {
        // Without recursion: a tree may be deeper than the stack.
        var waiting = [(path: path, directory: directory)]
        while let (path, directory) = waiting.popLast() {
            nodes.append((path, directory))
            for name in try directory.names() {
                let node = try directory.lookup(name.span.bytes)
                let path = Self.join(path, name)
                if let inner = node.directory {
                    if !opaque.contains(path) { waiting.append((path, inner)) }
                } else {
                    try add(node, path)
                }
            }
        }
    }

    private static func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
    }

    // MARK: A layer of an overlay

    /// Writes it all below an open directory, which it closes; what is missing on the way becomes as
    /// `base` has it.
    ///
    /// `users` have what is theirs; without, all is the user's own.
    func write(
        to descriptor: Int32,
        over base: String,
        for users: ViewUsers?
    ) throws(FileError) {
        defer { close(descriptor) }
        let draft = try Draft(nodes: nodes)
        let root = "/proc/self/fd/\(descriptor)/."
        _ = try DirectoryOutput().write(draft, to: root, Archive.OutputOptions())
        for (path, stat) in devices { try OverlayPlaceholder.make(path, below: root, stat) }
        try OverlayPlaceholder.mark(draft, below: root, for: users)
        try Whiteouts.make(removed, in: descriptor, over: base)
        for path in opaque {
            try OverlayPlaceholder.changing(path, below: root) {
                fsetxattr($0, "user.overlay.opaque", "y", 1, 0)
            }
        }
        // Whatever else is done to a file comes before: then it may be closed.
        try users?.give(draft.members, in: descriptor)
        try users?.give(devices.map { ($0.path, $0.stat.uid, $0.stat.gid, 0) }, in: descriptor)
    }
}

/// Files of an overlay's layer that are not what they look like.
enum OverlayPlaceholder {
    /// Makes a file that stands for a device, since a user can make none.
    static func make(_ path: [UInt8], below root: String, _ stat: Stat) throws(FileError) {
        let place = Array(root.utf8) + [UInt8(ascii: "/")] + path + [0]
        let file = place.withCString {
            open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, stat.mode.permissions & 0o777)
        }
        guard file >= 0 else {
            throw FileError(FileError.Kind(number: errno), PathText.display(path))
        }
        defer { close(file) }
        let mark = Array(OverlayMarks.device(stat.mode.type, stat.device).utf8)
        guard fsetxattr(file, OverlayMarks.deviceName, mark, mark.count, 0) == 0 else {
            throw FileError(FileError.Kind(number: errno), PathText.display(path))
        }
    }

    /// Says of files what is lost when the kernel copies them: that they have several names, and,
    /// where all is the user's own, whose they are.
    static func mark(
        _ draft: Draft,
        below root: String,
        for users: ViewUsers?
    ) throws(FileError) {
        let files = draft.members.filter { $0.type == .regular }
        for path in Set(files.compactMap(\.hardLink)) {
            try mark(path, below: root, OverlayMarks.copyName, OverlayMarks.ofSeveral)
        }
        if users != nil || View.isPrivileged { return }
        for file in files where file.hardLink == nil && (file.uid, file.gid) != (0, 0) {
            let owner = OverlayMarks.owner(file.uid, file.gid)
            try mark(file.path, below: root, OverlayMarks.ownerName, owner)
        }
    }

    private static func mark(
        _ path: [UInt8],
        below root: String,
        _ name: String,
        _ value: String
    ) throws(FileError) {
        try changing(path, below: root) {
            let failed = fsetxattr($0, name, value, value.utf8.count, 0)
            // Memory takes none before Linux 6.6.
            return failed != 0 && errno == ENOTSUP ? 0 : failed
        }
    }

    /// Does something to a file or directory that may be closed to the user, who owns it.
    static func changing(
        _ path: [UInt8],
        below root: String,
        _ body: (Int32) -> Int32
    ) throws(FileError) {
        let place = Array(root.utf8) + [UInt8(ascii: "/")] + path + [0]
        var status = stat()
        _ = place.withCString { lstat($0, &status) }
        _ = place.withCString { chmod($0, 0o700) }
        let folder = place.withCString { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
        guard folder >= 0 else {
            throw FileError(FileError.Kind(number: errno), PathText.display(path))
        }
        defer { close(folder) }
        let failed = body(folder) != 0
        let number = errno
        fchmod(folder, status.st_mode & 0o7777)
        if failed { throw FileError(FileError.Kind(number: number), PathText.display(path)) }
    }
}
