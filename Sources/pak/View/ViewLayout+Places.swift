import FileTree
import Namespaces

/// Places for what is bound, where neither the host nor packages have one.
extension ViewLayout {
    /// Whether something is bound below a directory where the host has no place for it.
    func hasPoints(notOnHostBelow path: PathBytes) -> Bool {
        bindings.contains { $0.target.hasPrefix(path + "/") && HostNames.kind($0.target) == nil }
    }

    /// The bindings below a directory for which there is no place yet.
    func missingPoints(below path: PathBytes, base: PathBytes?) -> [Binding] {
        bindings.filter { binding in
            guard binding.target.hasPrefix(path + "/") else { return false }
            // What cannot be looked for is not there.
            if let node = try? find(binding.target) {
                // A directory is mounted at a directory alone, and a file at a file.
                let isFolder = HostNames.isFolder(binding.source)
                return (node.directory != nil) != isFolder || node.link != nil
            }
            if let base, HostNames.kind(base + binding.target) != nil,
                !hidden.has(binding.target)
            {
                return false
            }
            return true
        }
    }

    /// Has folders of the host be themselves again where directories are laid over that they are
    /// in: who works in one makes files there.
    mutating func keep(_ folders: [PathBytes]) throws(FileError) {
        for folder in folders where over.contains(where: { folder.hasPrefix($0 + "/") }) {
            let isNamed = bindings.contains { binding in
                let target = binding.target + "/"
                return target.hasPrefix(folder + "/") || folder.hasPrefix(target)
            }
            guard !isNamed, try isHosts(folder) else { continue }
            bind(.host(folder), folder)
        }
    }

    /// Whether a path is a directory of the host, of which packages have and hide nothing.
    private func isHosts(_ folder: PathBytes) throws(FileError) -> Bool {
        var path: PathBytes = ""
        for name in folder.names {
            path = path + "/" + name
            if hidden.has(path) { return false }
            if let node = try find(path), node.directory == nil { return false }
        }
        return try find(path) == nil && !hidden.areBelow(path)
            && HostNames.kind(path) == .directory
    }

    /// Makes places in a layer of their own, since nothing is made on the host's disk or in a
    /// package.
    mutating func makePoints(_ missing: [Binding]) {
        if missing.isEmpty { return }
        let root = Self.pointsPlace("")
        if !steps.contains(.temporary(at: root)) { steps.append(.temporary(at: root)) }
        for binding in missing {
            let place = Self.pointsPlace(binding.target)
            steps.append(
                HostNames.isFolder(binding.source)
                    ? .directory(at: place) : .file(at: place)
            )
        }
    }

    /// Lays places for what is bound over those directories of the host below a path in which they
    /// are to be made, but where packages lie already.
    mutating func layPlaces(
        below path: PathBytes,
        over base: PathBytes,
        but laid: [PathBytes]
    ) throws(FileError) {
        var laid = laid
        for binding in missingPoints(below: path, base: base) {
            if laid.contains(where: { binding.target.hasPrefix($0 + "/") }) { continue }
            var point = path
            for name in binding.target.names.dropFirst(path.names.count) {
                let next = point + "/" + name
                guard HostNames.kind(base + next) == .directory else { break }
                point = next
            }
            try lay(point, over: base)
            laid.append(point)
        }
    }

    /// Shows places for what is bound below a path, where there is nothing else.
    mutating func showPlaces(below path: PathBytes) {
        let missing = missingPoints(below: path, base: nil)
        guard !missing.isEmpty else { return }
        makePoints(missing)
        bind(Self.pointsPlace(path), path)
    }
}
