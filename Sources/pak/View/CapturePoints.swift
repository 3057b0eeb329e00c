import CaptureTree
import Environments
import FileTree
import Namespaces

/// Places for what is bound where a capture has none: of them nothing is kept.
struct CapturePoints {
    /// What has no place.
    let missing: [Binding]
    /// Directories that every view has, and this capture has not: packages alone have hardly one.
    private let folders: [PathBytes]

    init(_ bindings: [Binding], in capture: Capture, with folders: [PathBytes] = []) {
        // What cannot be looked for is not there.
        func lacks(_ path: PathBytes) -> Bool {
            (try? capture.root.node(atPath: path.bytes)) == nil
        }
        missing = bindings.filter { lacks($0.target) }
        self.folders = folders.filter(lacks)
    }

    /// What is served of a capture with these places.
    ///
    /// Errors: `.notFound` for a file that would have to be made in a directory that is there.
    func attachment(of capture: Capture) throws(FileError) -> Attachment {
        var files: [[UInt8]: [[UInt8]]] = [:]
        for folder in folders {
            files[Array(folder.names.map(\.bytes).joined(separator: [slash]))] = []
        }
        for binding in missing {
            let names = binding.target.names.map(\.bytes)
            if HostNames.isFolder(binding.source) {
                let path = Array(names.joined(separator: [slash]))
                files[path] = files[path] ?? []
                continue
            }
            let folder = Array(names.dropLast().joined(separator: [slash]))
            let isThere = try capture.root.node(atPath: folder) != nil
            guard let name = names.last, !isThere else {
                throw FileError(.notFound, "--bind \(binding.source):\(binding.target)")
            }
            files[folder, default: []].append(name)
        }
        guard !files.isEmpty else { return Attachment(root: capture.root, tree: capture.view) }
        var rules = Rules()
        for path in files.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            rules.append(Rules.Rule(.scratch, PathPattern(folder: path)))
        }
        var options = RuledTree.Options()
        options.showsWays = true
        let tree = try RuledTree(over: capture.root, in: capture.view, rules: rules, options)
        for (path, names) in files {
            let folder = try tree.root.node(atPath: path)?.directory
            for name in names {
                let new = NewNode(permissions: 0o644, uid: 0, gid: 0)
                _ = try folder?.createFile(name.span.bytes, new)
            }
        }
        return Attachment(root: tree.root, tree: tree)
    }

    private var slash: UInt8 { UInt8(ascii: "/") }

    // MARK: Overlays

    /// Makes the places in the root, and in a directory of their own that lies below all else.
    func steps() -> [Step] {
        if missing.isEmpty { return [] }
        var steps: [Step] = [.temporary(at: .hidden("points"))]
        for binding in missing {
            for layer in ["root", "points"] as [PathBytes] {
                let place = Place.hidden(layer + binding.target)
                steps.append(
                    HostNames.isFolder(binding.source) ? .directory(at: place) : .file(at: place)
                )
            }
        }
        return steps
    }

    /// What lies lowest in an overlay at a path.
    func lowest(_ path: PathBytes) -> [Place] {
        missing.contains { $0.target.hasPrefix(path + "/") } ? [.hidden("points" + path)] : []
    }
}
