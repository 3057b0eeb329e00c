import Environments
import FileTree
import Glibc
import Namespaces

/// The mounts of a capture that is not served: the kernel keeps what is changed.
///
/// Each directory of the root is an overlay of its own, since one of all would have to do without
/// what is mounted below. Changes are kept in memory: on the disk they would lie within what they
/// are over.
struct CaptureLayout {
    /// What a step hands over while the view is made.
    enum Handed {
        /// A directory, which the packages are to be written to.
        case packages
        /// A directory, in which the changes will be.
        case changes
        /// A directory, in which the host's directories are to be made.
        case folders
    }

    private(set) var steps: [Step] = []
    private(set) var handed: [Int: Handed] = [:]
    /// The paths that have changes of their own, and where below the directory of them all.
    private(set) var uppers: [(path: String, place: String)] = []
    /// The directories of the host that are below changes.
    private(set) var lowers: [String] = []
    /// Directories of the root in which nothing can be changed.
    private(set) var left: [String] = []

    private let base: String?
    private let packages: any Directory

    init(_ capture: Capture) throws(FileError) {
        base = capture.base.base
        packages = try capture.packagesRoot
        if base?.hasPrefix("9p!") == true {
            throw FileError(.unsupported, "a base that another server has takes /dev/fuse")
        }
    }

    /// Lays packages and base below what takes the changes.
    mutating func lay(hasUsers: Bool, hidesTemporary: Bool) throws(FileError) {
        steps.append(.temporary(at: .hidden("packages")))
        handed[steps.count] = .packages
        steps.append(.fill(at: .hidden("packages")))
        steps.append(.temporary(at: .hidden("changes")))
        handed[steps.count] = .changes
        steps.append(.fill(at: .hidden("changes")))
        steps.append(.temporary(at: .hidden("root")))
        if hasUsers {
            steps.append(.temporary(at: .hidden("folders")))
            handed[steps.count] = .folders
            steps.append(.fill(at: .hidden("folders")))
        }

        let base = base == "/" ? "" : base
        var own = ["proc", "sys", "dev"]
        if hidesTemporary { own.append("tmp") }
        var names = Set(own)
        if let base { names.formUnion(try HostFolder.names(in: base + "/")) }
        var inPackages: [String: any Node] = [:]
        for bytes in try packages.names() {
            let name = String(decoding: bytes, as: UTF8.self)
            inPackages[name] = try packages.lookup(bytes.span.bytes)
            names.insert(name)
        }
        let mounts = try HostMount.all().map(\.path)
        var over: [Step] = []
        for name in names.sorted() {
            let path = "/" + name
            let kind = base.flatMap { HostNames.kind($0 + path) }
            let package = inPackages[name]
            let place = Place.hidden("root" + path)
            if let target = try package?.link?.target() {
                let text = String(decoding: target, as: UTF8.self)
                steps.append(.link(at: place, target: text))
            } else if case .link(let target) = kind, package == nil {
                steps.append(.link(at: place, target: target))
            } else if kind == .directory || package?.directory != nil || own.contains(name) {
                steps.append(.directory(at: place))
                if own.contains(name) { continue }
                let host = (base ?? "") + path
                let isHeld =
                    hasUsers
                    && (mounts.contains { $0.hasPrefix(host + "/") }
                        || access(host, R_OK | X_OK) != 0)
                if name == "run" || isHeld, kind == .directory {
                    over.append(.bind(from: .host(host), at: .view(path), readOnly: true))
                    left.append(name)
                    continue
                }
                var lower: [Place] = package == nil ? [] : [.hidden("packages" + path)]
                if kind == .directory {
                    // What is another's cannot be written by who has no right to be him: so the
                    // directories, though not the files, are the user's own.
                    if hasUsers { lower.append(.hidden("folders" + path)) }
                    lower.append(.host(host))
                    lowers.append(host)
                }
                over.append(overlay(lower, at: path, name))
            } else {
                // A file of the root: it is what it is.
                steps.append(.file(at: place))
                let from: Place =
                    package == nil ? .host((base ?? "") + path) : .hidden("packages" + path)
                over.append(.bind(from: from, at: .view(path), readOnly: true))
                left.append(name)
            }
        }
        steps.append(overlay([.hidden("root")], at: "/", "-"))
        steps += over
    }

    private mutating func overlay(_ lower: [Place], at path: String, _ name: String) -> Step {
        let upper = "changes/\(name)/upper"
        let work = "changes/\(name)/work"
        steps.append(.directory(at: .hidden(upper)))
        steps.append(.directory(at: .hidden(work)))
        uppers.append((path, "\(name)/upper"))
        return .overlay(
            lower: lower,
            upper: .hidden(upper),
            work: .hidden(work),
            at: .view(path)
        )
    }
}
