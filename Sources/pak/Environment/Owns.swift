import ArgumentParser
import FileTree
import Terminal
import UnionTree

/// `pak owns`: the packages that have a path.
struct Owns: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell which packages of an environment have a path."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var options: EnvironmentOptions

    @Argument(help: "The path, as it is seen; %XX is a byte.", completion: .file())
    var path: String

    func run() throws {
        let current = try options.current()
        let owners = try owners(in: current)
        guard !owners.isEmpty else {
            throw Complaint(
                "\(path): no package of \(current.name) has it",
                try: options.command("shadowed")
            )
        }
        for owner in owners {
            printing.show(
                .object([
                    ("name", .text(owner.package)), ("id", .text("\(owner.id)")),
                    ("shown", .truth(owner.isShown)),
                ]),
                or: owner.package + (owner.isShown ? "" : " (hidden)") + "\n"
            )
        }
    }

    private func owners(in current: CurrentEnvironment) throws(Complaint) -> [UnionTree.Owner] {
        let given = ServedPath.bytes([path])[0]
        var paths: [UnionPath]
        do throws(FileError) { paths = [try UnionPath(given)] } catch {
            throw Complaint("\(error)", status: 2)
        }
        let plain = PathText.unescape(given)
        // What is no path so stands for itself alone.
        if plain != given, let path = try? UnionPath(plain) { paths.append(path) }
        let tree = try current.tree()
        let found = owners(of: paths, in: tree)
        if !found.isEmpty { return found }
        // As it is seen over the host, whose links packages follow; a host that cannot be read has
        // none.
        guard let whole = try? current.tree(over: "/") else { return [] }
        return owners(of: paths, in: whole)
    }

    /// The owners of the first of the paths that has any, or leads where there are some.
    private func owners(of paths: [UnionPath], in tree: UnionTree) -> [UnionTree.Owner] {
        for path in paths {
            let found = tree.owners(of: path)
            if !found.isEmpty { return found }
        }
        // A link that cannot be followed leads nowhere.
        guard let root = try? tree.attach(as: .superuser, ViewOptions()).root else { return [] }
        for path in paths {
            guard let end = try? path.followed(from: root) else { continue }
            let found = tree.owners(of: end)
            if !found.isEmpty { return found }
        }
        return []
    }
}

extension UnionPath {
    /// The path without links on the way, but for the last name; nil where something on it is not
    /// there.
    ///
    /// Errors: those of looking up names.
    fileprivate func followed(from root: any Directory) throws(FileError) -> UnionPath? {
        let slash = UInt8(ascii: "/")
        var left = names[...]
        var way: [(name: [UInt8], directory: any Directory)] = []
        var links = 0
        while let name = left.popFirst() {
            if name.elementsEqual("..".utf8) {
                _ = way.popLast()
                continue
            }
            if left.isEmpty {
                return try UnionPath(Array((way.map(\.name) + [name]).joined(separator: [slash])))
            }
            let here = way.last?.directory ?? root
            guard let node = try here.node(named: name.span.bytes) else { return nil }
            if let directory = node.directory {
                way.append((name, directory))
                continue
            }
            links += 1
            guard let link = node.link, links <= 40 else { return nil }
            let target = try link.target()
            if target.first == slash { way = [] }
            let names = target.split(separator: slash).map(Array.init)
            left = (names.filter { !$0.elementsEqual(".".utf8) } + left)[...]
        }
        return nil
    }
}
