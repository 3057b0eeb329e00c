import Archive
import FileTree

/// Finds every path at which the view and what lies below may differ, and never asks for a name
/// that nobody touched.
///
/// Only a directory that stands where another was, or none, is listed whole.
struct ChangeWalk {
    private let tree: CaptureTree
    private let rules: Rules
    /// Whether what was moved is compared with what it was, and not with what had its name.
    private let followsMoves: Bool
    private var touched: [[UInt8]: TouchedDirectory] = [:]
    /// The directories that are yet to be looked at: a tree may be deeper than a thread's stack.
    private var waiting: [Step] = []
    private(set) var visits: [Visit] = []

    /// A directory and what it is compared with.
    private struct Step {
        var path: [UInt8]
        var view: any Directory
        var below: (any Directory)?
    }

    init(_ tree: CaptureTree, followsMoves: Bool) throws(FileError) {
        self.tree = tree
        self.followsMoves = followsMoves
        rules = tree.layer.rules
        var known: [[UInt8]: TouchedDirectory] = [:]
        try tree.forEachTouched { known[$0.path] = $0 }
        touched = known
        visits.append(
            try Visit(path: [], node: tree.root, below: tree.lower, entry: nil)
        )
        waiting.append(Step(path: [], view: tree.root, below: tree.lower))
        while let step = waiting.popLast() {
            do throws(FileError) {
                try look(at: step.path, step.view, below: step.below)
            } catch {
                throw step.path.isEmpty ? error : error.under(step.path)
            }
        }
    }

    private mutating func look(
        at path: [UInt8],
        _ view: any Directory,
        below: (any Directory)?
    ) throws(FileError) {
        if rules.leavesOutAll(below: path) { return }
        let here = touched[path]
        if let below, below.qid.path == view.qid.path {
            for entry in here?.entries ?? [] {
                try visit(Self.join(path, entry.name), entry.node, entry.lower, entry)
            }
            return
        }
        var entries: [[UInt8]: TouchedEntry] = [:]
        for entry in here?.entries ?? [] { entries[entry.name] = entry }
        var names = Set(try view.names())
        if let below { names.formUnion(try below.names()) }
        for name in names.sorted(by: MemberPath.precedes) {
            try visit(
                Self.join(path, name),
                view.node(named: name.span.bytes),
                below?.node(named: name.span.bytes),
                entries[name]
            )
        }
    }

    private mutating func visit(
        _ path: [UInt8],
        _ node: (any Node)?,
        _ below: (any Node)?,
        _ entry: TouchedEntry?
    ) throws(FileError) {
        do throws(FileError) {
            if followsMoves, let node, let entry, let origin = entry.origin,
                node.qid.path != below?.qid.path,
                let isLink = try isLink(node, entry)
            {
                let visit = try Visit(
                    path: path,
                    node: node,
                    below: below,
                    entry: entry,
                    origin: entry.originPath,
                    isLink: isLink
                )
                visits.append(visit)
                if let directory = node.directory {
                    waiting.append(Step(path: path, view: directory, below: origin.directory))
                }
                return
            }
            guard node != nil || below != nil else { return }
            visits.append(try Visit(path: path, node: node, below: below, entry: entry))
            guard let directory = node?.directory else { return }
            waiting.append(Step(path: path, view: directory, below: below?.directory))
        } catch {
            throw error.under(path)
        }
    }

    /// Whether a file that is not where it was is there as well; nil when another has that name,
    /// so that it is no more than a copy of what was there.
    private func isLink(_ node: any Node, _ entry: TouchedEntry) throws(FileError) -> Bool? {
        let there = try tree.root.node(atPath: entry.originPath)
        guard let there, node.directory == nil else { return false }
        return there.qid.path == node.qid.path ? true : nil
    }

    static func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
    }
}

extension FileError {
    /// The error with a path in front, unless it names it already.
    func under(_ path: [UInt8]) -> FileError {
        let shown = PathText.display(path)
        return context?.contains(shown) == true ? self : at(shown)
    }
}
