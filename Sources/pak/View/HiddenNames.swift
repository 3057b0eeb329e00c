import Environments
import FileTree
import UnionTree

/// What packages remove of the host, as far as the host has it.
///
/// A hole is no file: no directory of the packages shows that something is to be hidden there.
struct HiddenNames {
    /// The paths, sorted, without a slash in front; one stands for all below it.
    private(set) var paths: [[UInt8]] = []
    /// The same from the view's root, as steps of a view have them.
    private var names: Set<PathBytes> = []
    /// The directories that they are in.
    private var folders: Set<PathBytes> = []

    /// Compares what an environment shows with what lies below it.
    init(_ environment: Environment) throws(FileError) {
        let tree = environment.tree
        guard let below = environment.below, tree.hidesNamesOfBase else { return }
        for shadow in try tree.shadowed() { try add(shadow.path.names, tree.root, below) }
        for path in paths {
            let name = "/" + PathBytes(path)
            names.insert(name)
            folders.insert(name.folder)
        }
    }

    private mutating func add(
        _ path: [[UInt8]],
        _ view: any Directory,
        _ below: any Directory
    ) throws(FileError) {
        guard let shown = try view.node(at: path) else {
            paths.append(Array(path.joined(separator: [UInt8(ascii: "/")])))
            return
        }
        // A directory that shows nothing of the one below it.
        guard shown.directory != nil, let hidden = try below.node(at: path)?.directory else {
            return
        }
        for name in try hidden.names() { try add(path + [name], view, below) }
    }

    /// Whether a path is not to be seen, because of its own name or of one above it.
    func has(_ path: PathBytes) -> Bool {
        if names.isEmpty { return false }
        var path = path
        while !path.isEmpty {
            if names.contains(path) { return true }
            path = path.folder
        }
        return false
    }

    /// Whether something in the directory is hidden, itself or deeper down.
    func areBelow(_ path: PathBytes) -> Bool {
        areIn(path) || folders.contains { $0.hasPrefix(path + "/") }
    }

    /// Whether a name of the directory itself is hidden.
    func areIn(_ path: PathBytes) -> Bool { folders.contains(path) }

    /// The names of a directory below which something is hidden.
    func steps(from path: PathBytes) -> [PathBytes] {
        let below = folders.filter { $0.hasPrefix(path + "/") }
        return Set(below.compactMap { $0.dropFirst(path.bytes.count + 1).names.first }).sorted()
    }
}
