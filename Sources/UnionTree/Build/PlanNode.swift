import Archive

/// What rules and packages say about one path beside the entries that packages have there; the
/// children are what they say about paths below it.
final class PlanNode {
    var children: [[UInt8]: PlanNode] = [:]
    /// Packages whose entry here is left out.
    var blocked: Set<UInt32> = []
    /// Packages that hide here what others have: by a hole, or by an opaque directory.
    var cuts: Set<UInt32> = []
    /// Directories of packages that aliases move here.
    var moved: [TableEntry] = []
    /// Where this path leads, when it is an alias.
    var alias: Alias?

    struct Alias {
        var to: UnionPath
        /// The target of the link that is shown; nil where none is: the base has one, or nothing
        /// is where it would lead.
        var link: [UInt8]?
    }

    /// Whether something is to be seen here though no package has it.
    var isReal: Bool {
        alias?.link != nil || !moved.isEmpty || children.values.contains { $0.isReal }
    }

    /// The node of a path below this one, made if missing.
    func make(_ path: UnionPath) -> PlanNode {
        path.names.reduce(self) { node, name in
            if let child = node.children[name] { return child }
            let child = PlanNode()
            node.children[name] = child
            return child
        }
    }

    /// The candidates for this path that are neither blocked nor hidden, in their order, and
    /// whether what the base has here is hidden, too.
    ///
    /// In a set, whoever hides a path is alone with others that do; in a stack, the topmost hides
    /// all that lie below it.
    func visible(_ candidates: [TableEntry], _ mode: UnionRules.Mode) -> [TableEntry] {
        var visible = candidates.filter { !blocked.contains($0.package) }
        guard let top = cuts.max() else { return visible }
        switch mode {
        case .set: visible.removeAll { !cuts.contains($0.package) }
        case .stack: visible.removeAll { $0.package < top }
        }
        return visible
    }
}
