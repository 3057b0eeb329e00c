import FileTree
import Glibc
import Namespaces

/// The mounts that a view is made of: packages over the host's files, or alone.
///
/// Files of the host are the kernel's own to read wherever that can be: all of the host is bound,
/// and only over the directories that packages have something in lies an overlay of two, the
/// packages' on top. Where the kernel refuses that, the directory is served whole. Measured with
/// find(1) over the 47,000 files of a /usr/share, seen for the first time: the host by itself 2.9
/// seconds, in such an overlay 3.3, served whole 9.6; all are alike when they are seen again.
struct ViewLayout {
    /// What a step hands over while the view is made.
    enum Handed {
        /// A device, on which the packages alone are to be served.
        case packages
        /// A device, on which the packages and what lies below are to be served.
        case whole
        /// A directory, which the packages are to be written to.
        case folder
    }

    /// How the packages get into the view.
    enum Source {
        /// Served; what shines in it can be written.
        case device(isWritable: Bool)
        case folder
        /// The kernel's 9P client, with the host's socket and data of its mount.
        case mount(socket: String, data: String)
    }

    /// The steps, in their order.
    var steps: [Step] = []
    /// What they hand over, by their numbers.
    private(set) var handed: [Int: Handed] = [:]

    /// The directories of the host that packages are laid over.
    private(set) var over: [PathBytes] = []
    /// The directories of the root that are the host's own though packages have something there.
    private(set) var withoutPackages: [PathBytes] = []

    /// The packages without what they lie over.
    let packages: any Directory
    /// Whether two-layer overlays are not to be had.
    private let servesWhole: Bool
    /// Whether the packages lie in memory, which is the command's own.
    private var areInMemory = false
    let bindings: [Binding]
    /// What packages remove of the host.
    let hidden: HiddenNames
    /// The mounts of the host, and whether the view may be a view of a part of them alone.
    private let mounts: [HostMount]
    private let hasUsers: Bool
    /// Whether some of them are served with what is in them.
    private(set) var hasWhole = false

    /// Makes a layout without a mount.
    ///
    /// With `servesWhole` a directory that packages touch is served with what lies below. The
    /// view has user namespaces of its own with `hasUsers`: then what is mounted on the host
    /// cannot be had without what is mounted over it.
    init(
        _ packages: any Directory,
        _ source: Source,
        servesWhole: Bool,
        bindings: [Binding],
        hidden: HiddenNames,
        hasUsers: Bool
    ) throws(FileError) {
        self.packages = packages
        self.servesWhole = servesWhole
        self.bindings = bindings
        self.hidden = hidden
        self.hasUsers = hasUsers
        mounts = try HostMount.reachable()
        switch source {
        case .device(let isWritable):
            add(.packages, Self.served(at: Self.packagesPlace(""), isWritable: isWritable))
        case .folder:
            areInMemory = true
            steps.append(.temporary(at: Self.packagesPlace("")))
            add(.folder, .fill(at: Self.packagesPlace("")))
        case .mount(let socket, let data):
            let place = Self.packagesPlace("")
            steps.append(.mount(type: "9p", source: .host(socket), data: data, at: place))
        }
    }

    private static func served(at place: Place, isWritable: Bool = false) -> Step {
        .fuse(at: place, options: "default_permissions,allow_other", readOnly: !isWritable)
    }
    private static func packagesPlace(_ path: PathBytes) -> Place { .hidden("packages" + path) }
    private static func wholePlace(_ path: PathBytes) -> Place { .hidden("whole" + path) }
    static func pointsPlace(_ path: PathBytes) -> Place { .hidden("points" + path) }

    private mutating func add(_ what: Handed, _ step: Step) {
        handed[steps.count] = what
        steps.append(step)
    }

    // MARK: Whole views

    /// Lays the packages over `base`, a directory of the host that is the view's root.
    mutating func layOver(_ base: String) throws(FileError) {
        var names = Set(try HostFolder.nameBytes(in: base + "/").map { PathBytes($0) })
        let base = PathBytes(base == "/" ? "" : base)
        let kept = base.isEmpty ? Self.keptOverTheHost : Self.keptOverAnotherBase
        names.formUnion(kept.filter { HostNames.kind("/" + $0) != nil })
        let tops = try entries(of: packages)
        names.formUnion(tops.map(\.name))
        names.formUnion(bindings.compactMap(\.target.names.first))
        for name in names.sorted() {
            let path = "/" + name
            let top = tops.first { $0.name == name }
            let isPlace = top != nil || HostNames.kind(base + path) == nil
            if isPlace, let binding = bindings.last(where: { $0.target == path }) {
                // Of what packages have there nothing is seen, or there is nothing.
                let place = Place.view(path)
                let isFolder = HostNames.isFolder(binding.source)
                steps.append(isFolder ? .directory(at: place) : .file(at: place))
                continue
            }
            // No process does without the kernel's own.
            if hidden.has(path), !["proc", "sys", "dev"].contains(name) { continue }
            // What is to be seen where packages alone have a place for it is worth more.
            let needsPackages = top != nil && base.isEmpty && hasPoints(notOnHostBelow: path)
            if kept.contains(name), HostNames.kind("/" + name) != nil, !needsPackages {
                bind(.host(path), path)
                if let top, try !isOnTheWay(top, path, base) { withoutPackages.append(path) }
                continue
            }
            switch (HostNames.kind(base + path), top) {
            case (.directory, let top) where top?.directory != nil || hidden.areBelow(path):
                bind(.host(base + path), path)
                let points = try points(top?.directory, path, base)
                for point in points { try lay(point, over: base) }
                try layPlaces(below: path, over: base, but: points)
            case (_, .some(let top)): try show(top, at: path)
            case (.directory, nil):
                bind(.host(base + path), path)
                try layPlaces(below: path, over: base, but: [])
            case (.other, nil): bind(.host(base + path), path)
            case (.link(let target), nil): steps.append(.link(at: .view(path), target: target))
            case (nil, nil): showPlaces(below: path)
            }
        }
    }

    /// Shows the host as it is, and the packages at a directory.
    mutating func putAt(_ directory: PathBytes) throws(FileError) {
        let tops = try HostFolder.nameBytes(in: "/").map { PathBytes($0) }
        for name in tops.sorted() {
            switch HostNames.kind("/" + name) {
            case .link(let target): steps.append(.link(at: .view("/" + name), target: target))
            case .some: bind(.host("/" + name), "/" + name)
            case nil: break
            }
        }
        let isNew = directory.names.count == 1 && HostNames.kind(directory) == nil
        guard HostNames.isFolder(directory) || isNew else {
            let isThere = HostNames.kind(directory) != nil
            throw FileError(isThere ? .notDirectory : .notFound, "--at \(directory)")
        }
        bindPackages("", at: directory)
    }

    /// Shows the packages alone, with what every process needs.
    mutating func showAlone() throws(FileError) {
        for top in try entries(of: packages) where !["proc", "dev", "tmp"].contains(top.name) {
            try show(top, at: "/" + top.name)
        }
        let tops = Set(bindings.compactMap(\.target.names.first))
        for name in tops.sorted() where !["proc", "dev", "tmp"].contains(name) {
            if try find("/" + name) == nil { showPlaces(below: "/" + name) }
        }
        steps.append(.processes(at: .view("/proc")))
        steps.append(.devices(at: .view("/dev")))
        steps.append(.temporary(at: .view("/tmp"), mode: 0o1777))
    }

    /// Binds what the user named; to be called last.
    mutating func bindAll() {
        for binding in bindings { bind(.host(binding.source), binding.target) }
    }

    /// What stays the host's own whatever packages have there: an overlay would take its devices,
    /// and that it can be written.
    private static let keptOverTheHost: [PathBytes] = ["proc", "sys", "dev", "tmp", "run"]

    /// What stays the host's own over another base.
    private static let keptOverAnotherBase: [PathBytes] = ["proc", "sys", "dev", "tmp", "home"]

    // MARK: Directories

    mutating func bind(_ from: Place, _ path: PathBytes) {
        steps.append(.bind(from: from, at: .view(path)))
    }

    private mutating func bindPackages(_ path: PathBytes, at place: PathBytes) {
        let from = Self.packagesPlace(path)
        steps.append(.bind(from: from, at: .view(place), readOnly: areInMemory))
    }

    /// An entry of a directory of the packages.
    private struct Entry {
        var name: PathBytes
        var directory: (any Directory)?
        var target: PathBytes?
    }

    private func entries(of directory: any Directory) throws(FileError) -> [Entry] {
        var entries: [Entry] = []
        for name in try directory.names() {
            let node = try directory.lookup(name.span.bytes)
            let target = try node.link?.target()
            entries.append(
                Entry(
                    name: PathBytes(name),
                    directory: node.directory,
                    target: target.map { PathBytes($0) }
                )
            )
        }
        return entries
    }

    /// Shows something of the packages alone.
    private mutating func show(_ entry: Entry, at path: PathBytes) throws(FileError) {
        if let target = entry.target {
            return steps.append(.link(at: .view(path), target: target))
        }
        let missing = entry.directory == nil ? [] : missingPoints(below: path, base: nil)
        guard !missing.isEmpty else { return bindPackages(path, at: path) }
        makePoints(missing)
        steps.append(
            .overlay(
                lower: [Self.pointsPlace(path), Self.packagesPlace(path)],
                at: .view(path)
            )
        )
    }

    /// The directories, not deeper than two, at which packages are to be laid over the host.
    ///
    /// One in which they remove a name of the host is such a directory, whatever else they have.
    /// One of which all that packages have in it are directories of the host too is left to the
    /// host: what else is in it can be written as ever, /usr/local for instance.
    private func points(
        _ directory: (any Directory)?,
        _ path: PathBytes,
        _ base: PathBytes
    ) throws(FileError) -> [PathBytes] {
        guard path.names.count < 2, !hidden.areIn(path) else {
            return [path]
        }
        var entries: [Entry] = []
        if let directory { entries = try self.entries(of: directory) }
        let isOnTheWay = entries.allSatisfy { entry in
            entry.directory != nil && HostNames.kind("\(base)\(path)/\(entry.name)") == .directory
        }
        guard isOnTheWay else { return [path] }
        var points: [PathBytes] = []
        for entry in entries {
            guard let directory = entry.directory else { continue }
            points += try self.points(directory, "\(path)/\(entry.name)", base)
        }
        for name in hidden.steps(from: path) where !entries.contains(where: { $0.name == name }) {
            points += try self.points(nil, "\(path)/\(name)", base)
        }
        return points
    }

    /// Whether packages have nothing of their own in a directory of the root.
    private func isOnTheWay(
        _ top: Entry,
        _ path: PathBytes,
        _ base: PathBytes
    ) throws(FileError) -> Bool {
        guard let directory = top.directory else { return false }
        return try points(directory, path, base).isEmpty
    }

    /// Lays the packages over one directory of the host.
    mutating func lay(_ path: PathBytes, over base: PathBytes) throws(FileError) {
        let isOfPackages = try find(path)?.directory != nil || hidden.areBelow(path)
        let packages = isOfPackages ? [Self.packagesPlace(path)] : []
        over.append(path)
        let below = mountsBelow(base + path)
        let missing = missingPoints(below: path, base: base)
        makePoints(missing)
        let points = missing.isEmpty ? [] : [Self.pointsPlace(path)]
        if let mount = below.first, hasUsers, access("/dev/fuse", R_OK | W_OK) != 0 {
            throw FileError(.permission, "FUSE at \(path), below which the host has \(mount)")
        }
        if servesWhole || hasUsers && !below.isEmpty {
            serveWhole()
            if points.isEmpty {
                bind(Self.wholePlace(path), path)
            } else {
                steps.append(
                    .overlay(lower: points + [Self.wholePlace(path)], at: .view(path))
                )
            }
        } else {
            steps.append(
                .overlay(
                    lower: points + packages + [.host(base + path)],
                    at: .view(path)
                )
            )
        }
        // What is mounted there on the host is no part of either; packages have nothing in it,
        // or it is left to them.
        for mount in below {
            let path = mount.dropFirst(base.bytes.count)
            if try find(path) == nil, !hidden.has(path) { bind(.host(mount), path) }
        }
    }

    private mutating func serveWhole() {
        if hasWhole { return }
        hasWhole = true
        add(.whole, Self.served(at: Self.wholePlace("")))
    }

    /// The mounts of the host below a directory, those below another left out.
    private func mountsBelow(_ path: PathBytes) -> [PathBytes] {
        var found: [PathBytes] = []
        for mount in Set(mounts.map(\.path)).sorted() where mount.hasPrefix(path + "/") {
            if !found.contains(where: { mount.hasPrefix($0 + "/") }) { found.append(mount) }
        }
        return found
    }

    /// What the packages have of that path.
    func find(_ path: PathBytes) throws(FileError) -> (any Node)? {
        try packages.node(atPath: path.bytes)
    }
}
