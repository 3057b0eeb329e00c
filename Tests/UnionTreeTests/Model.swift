import Archive
import FileTree
import UnionTree

/// What a path is in the model: no order, no indexes, no sharing.
enum ModelItem: Hashable {
    case directory
    case file(String)
    case link(String)
}

/// A package in the model: items by path, and paths that are hidden in others.
struct ModelPackage {
    var items: [String: ModelItem]
    var cuts: Set<String>
    let package: Package

    init(_ name: String, _ lines: [String]) throws {
        items = [:]
        cuts = []
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "hole", "opaque": cuts.insert(words[1])
            case "d": items[words[2]] = .directory
            case "l": items[words[2]] = .link(String(words[3].dropFirst()))
            default: items[words[2]] = .file(String(words[3].dropFirst()))
            }
        }
        for path in items.keys {
            for above in Model.above(path) { items[above] = .directory }
        }
        package = try SamplePackage.make(name, lines.joined(separator: "\n"))
    }
}

/// The union by plain dictionaries.
enum Model {
    /// The paths above a path, the topmost first.
    static func above(_ path: String) -> [String] {
        let names = path.split(separator: "/")
        return (1..<max(1, names.count)).map { names[..<$0].joined(separator: "/") }
    }

    static func isBelow(_ path: String, _ top: String) -> Bool {
        path == top || path.hasPrefix(top + "/")
    }

    /// Packages beside each other, over a base: the conflicts as `kind path`, and, when there are
    /// none, the tree.
    static func set(
        _ packages: [ModelPackage],
        over base: [String: ModelItem]
    ) -> (conflicts: [String], tree: [String: ModelItem]) {
        func cutters(_ path: String) -> [Int] {
            packages.indices.filter { packages[$0].cuts.contains(path) }
        }
        func keeps(_ number: Int, _ path: String) -> Bool {
            let cutters = cutters(path)
            return cutters.isEmpty || cutters.contains(number)
        }
        var conflicts: Set<String> = []
        var tree: [String: ModelItem] = [:]
        for path in Set(packages.flatMap { $0.items.keys }) {
            let items = packages.indices.filter { number in
                packages[number].items[path] != nil
                    && (above(path) + [path]).allSatisfy { keeps(number, $0) }
            }
            .compactMap { packages[$0].items[path] }
            if let first = items.first { tree[path] = first }
            guard Set(items).count > 1 else { continue }
            conflicts.insert(items.contains(.directory) ? "type /\(path)" : "file /\(path)")
        }
        for path in Set(packages.flatMap { $0.cuts }) where base[path] == nil {
            let hides = packages.indices.contains { number in
                !keeps(number, path) && packages[number].items[path] != nil
                    && above(path).allSatisfy { keeps(number, $0) }
            }
            if !hides { conflicts.insert("hole /\(path)") }
        }
        var below = base
        for path in packages.flatMap({ $0.cuts }) { remove(path, from: &below) }
        add(tree, to: &below)
        return (conflicts.sorted(), below)
    }

    /// Layers over each other, as they would be unpacked one after the other.
    static func stack(
        _ packages: [ModelPackage],
        over base: [String: ModelItem]
    ) -> [String: ModelItem] {
        var tree = base
        for package in packages {
            for path in package.cuts { remove(path, from: &tree) }
            add(package.items, to: &tree)
        }
        return tree
    }

    private static func remove(_ top: String, from tree: inout [String: ModelItem]) {
        for path in tree.keys where isBelow(path, top) { tree[path] = nil }
    }

    private static func add(_ items: [String: ModelItem], to tree: inout [String: ModelItem]) {
        for (path, item) in items.sorted(by: { $0.key < $1.key }) {
            if item != .directory || tree[path] != .directory { remove(path, from: &tree) }
            tree[path] = item
        }
    }

    /// What a tree really shows, and what is wrong with it.
    static func read(
        _ root: any Directory
    ) throws(FileError) -> (tree: [String: ModelItem], faults: [String], qids: [String: Qid]) {
        var reader = ModelReader()
        try reader.read(root, "")
        return (reader.tree, reader.faults, reader.qids)
    }
}

/// Reads a tree by listings, and checks that look-ups agree with them.
private struct ModelReader {
    var tree: [String: ModelItem] = [:]
    var qids: [String: Qid] = [:]
    var faults: [String] = []
    private var seen: Set<UInt64> = []

    mutating func read(_ directory: any Directory, _ path: String) throws(FileError) {
        var listed: [(name: [UInt8], stat: Stat)] = []
        try directory.entries(from: 0) { entry, name in
            listed.append((Array(name), entry.stat))
            return true
        }
        if Set(listed.map(\.name)).count != listed.count { faults.append("\(path): listed twice") }
        if !seen.insert(directory.qid.path).inserted { faults.append("\(path): a qid twice") }
        for (name, stat) in listed {
            let node = try directory.lookup(name.span.bytes)
            let text = String(decoding: name, as: UTF8.self)
            let path = path.isEmpty ? text : "\(path)/\(text)"
            if try node.stat() != stat { faults.append("\(path): listed with another stat") }
            if node.qid != stat.qid { faults.append("\(path): listed with another qid") }
            if node.parent?.qid != directory.qid { faults.append("\(path): its parent") }
            qids[path] = node.qid
            if let below = node.directory {
                tree[path] = .directory
                try read(below, path)
                continue
            }
            if !seen.insert(node.qid.path).inserted { faults.append("\(path): a qid twice") }
            if let link = node.link {
                tree[path] = .link(String(decoding: try link.target(), as: UTF8.self))
            } else if let file = node.file {
                tree[path] = .file(String(decoding: try bytes(file), as: UTF8.self))
            }
        }
    }

    private func bytes(_ file: any File) throws(FileError) -> [UInt8] {
        let open = try file.open(.read)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try open.read(into: buffer, at: 0))])
    }
}
