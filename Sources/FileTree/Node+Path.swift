extension Node {
    /// The names from the root to here, without a `/` in front: from the tree's root, or from the
    /// directory above with the given path of a qid.
    public func path(below root: UInt64? = nil) -> [UInt8] {
        var names: [[UInt8]] = []
        var step: any Node = self
        while step.qidPath != root, let parent = step.parent {
            var name: [UInt8] = []
            step.withName { name = Array($0) }
            names.append(name)
            step = parent
        }
        return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
    }
}
