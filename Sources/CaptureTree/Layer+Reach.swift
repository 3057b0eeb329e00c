import Archive
import FileTree
import Synchronization

/// How far a path goes: what a package's paths may be is limited in both.
struct PathReach {
    var bytes: Int
    var depth: Int

    init(bytes: Int = 0, depth: Int = 0) {
        self.bytes = bytes
        self.depth = depth
    }

    /// How far a path goes that is not empty.
    init(of path: [UInt8]) {
        bytes = path.count
        depth = path.count { $0 == UInt8(ascii: "/") } + 1
    }

    /// Whether a package can have it.
    var isMember: Bool { bytes <= MemberPath.limit && depth <= MemberPath.depthLimit }

    /// A path with another below it.
    static func + (a: PathReach, b: PathReach) -> PathReach {
        let slash = a.bytes > 0 && b.bytes > 0 ? 1 : 0
        return PathReach(bytes: a.bytes + slash + b.bytes, depth: a.depth + b.depth)
    }
}

extension Layer {
    /// So many names are looked at below a directory that is renamed; what is behind them is
    /// refused when a package is made.
    private static var mostNames: Int { 1 << 14 }

    /// How far the paths below a directory go that is about to be renamed, as far as it matters;
    /// nothing, where none is longer than before.
    func reach(
        of node: CaptureNode,
        _ name: [UInt8],
        in source: CaptureObject,
        to newName: [UInt8],
        in target: CaptureObject
    ) throws(FileError) -> PathReach {
        guard let directory = node.directory else { return PathReach() }
        let isLonger = state.withLock { state in
            if state.isHeld { return false }
            let old = state.reach(of: name, in: source)
            let new = state.reach(of: newName, in: target)
            return new.bytes > old.bytes || new.depth > old.depth
                || !state.isExported(name, in: source)
        }
        guard isLonger else { return PathReach() }
        var longest = PathReach()
        var left = Self.mostNames
        var waiting: [(node: any Directory, reach: PathReach)] = [(directory, PathReach())]
        while let (directory, above) = waiting.popLast(), left > 0 {
            do throws(FileError) {
                var folders: [[UInt8]] = []
                try directory.entries(from: 0) { entry, name in
                    left -= 1
                    let here = above + PathReach(bytes: name.byteCount, depth: 1)
                    longest.bytes = max(longest.bytes, here.bytes)
                    longest.depth = max(longest.depth, here.depth)
                    if entry.stat.mode.type == .directory { folders.append(Array(name)) }
                    return left > 0
                }
                for name in folders {
                    guard let inner = try directory.node(named: name.span.bytes)?.directory else {
                        continue
                    }
                    waiting.append((inner, above + PathReach(bytes: name.count, depth: 1)))
                }
            } catch {
                // What cannot be looked at is refused when a package is made, if it is too deep.
                guard error.kind == .permission else { throw error }
            }
        }
        return longest
    }
}

extension LayerState {
    /// How far a name in a directory goes.
    func reach(of name: [UInt8], in directory: CaptureObject) -> PathReach {
        var reach = PathReach(bytes: name.count, depth: 1)
        var step = directory
        while let entry = step.names.first, let parent = objects[entry.parent] {
            reach.bytes += entry.name.count + 1
            reach.depth += 1
            step = parent
        }
        return reach
    }

    /// Whether a name in a directory is one that a package would have.
    func isExported(_ name: [UInt8], in directory: CaptureObject) -> Bool {
        let path = path(of: directory)
        return rules.exports(path.isEmpty ? name : path + [UInt8(ascii: "/")] + name)
    }

    /// Refuses a name, with what lies below it, when no package could have it that would have to.
    ///
    /// Of changes that have been made already it is told, and left to who makes a package.
    func checkReach(
        of name: [UInt8],
        in directory: CaptureObject,
        below: PathReach = PathReach()
    ) throws(FileError) {
        if isHeld || (reach(of: name, in: directory) + below).isMember { return }
        if isExported(name, in: directory) { throw FileError(.nameTooLong) }
    }
}
