import Archive
public import FileTree

/// What a layer has changed, a line each, in the order of the paths.
public enum ChangeList {
    /// Lists the net effect of a layer: what an export of it would hold, told by paths.
    ///
    /// What was made and is gone again, or is as it was, is left out, and so is what the rules
    /// leave out. A renamed directory is one line, with lines for what has changed in it since.
    /// Errors: those of reading the files that have to be compared.
    public static func changes(
        of tree: CaptureTree,
        _ options: ExportOptions = ExportOptions()
    ) throws(FileError) -> [Change] {
        let comparison = Comparison(options)
        let differences = try Differences(tree, comparison, followsMoves: true)
        var lines = Lines(differences, comparison, tree.layer.rules)
        return try lines.make()
    }

    private struct Lines {
        let differences: Differences
        let comparison: Comparison
        let rules: Rules
        var changes: [Change] = []
        /// Paths that a rename has emptied.
        var left: Set<[UInt8]> = []
        /// The names by which files have been told of.
        var told: [UInt64: [UInt8]] = [:]

        init(_ differences: Differences, _ comparison: Comparison, _ rules: Rules) {
            self.differences = differences
            self.comparison = comparison
            self.rules = rules
        }

        mutating func make() throws(FileError) -> [Change] {
            for visit in differences.visits.sorted(by: {
                MemberPath.precedes($0.path, $1.path)
            }) where rules.exports(visit.path) {
                try add(visit)
            }
            changes.removeAll { $0.kind == .removed && left.contains($0.path) }
            return changes.sorted()
        }

        private mutating func add(_ visit: Visit) throws(FileError) {
            let isMoved = visit.origin != nil && visit.isDirectory
            switch visit.verdict {
            case .removed: changes.append(Change(.removed, visit.path))
            case .same where !isMoved: break
            case _ where visit.origin != nil: try addMoved(visit)
            case .added:
                if let first = first(of: visit) {
                    changes.append(Change(.linked, visit.path, from: first))
                } else {
                    changes.append(Change(.added, visit.path))
                }
            case .data: changes.append(Change(.data, visit.path))
            case .metadata, .same: changes.append(Change(.metadata, visit.path))
            }
        }

        /// Another name of the file of a visit, which has been told of; nil when this is the first.
        private mutating func first(of visit: Visit) -> [UInt8]? {
            guard let stat = visit.stat, !visit.isDirectory, stat.links > 1 else { return nil }
            if let known = told[stat.qid.path] { return known }
            told[stat.qid.path] = visit.path
            return nil
        }

        private mutating func addMoved(_ visit: Visit) throws(FileError) {
            guard let from = visit.origin, let node = visit.node, let stat = visit.stat,
                let origin = visit.entry?.origin
            else { return }
            let isThere = visit.isLink && rules.exports(from)
            if isThere {
                changes.append(Change(.linked, visit.path, from: from))
                return
            }
            if let first = first(of: visit) {
                changes.append(Change(.linked, visit.path, from: first))
                return
            }
            // From a place that is not exported it is as good as new.
            let kind: Change.Kind = rules.exports(from) ? .renamed : .added
            changes.append(Change(kind, visit.path, from: kind == .renamed ? from : nil))
            guard kind == .renamed else { return }
            left.insert(from)
            switch try comparison.verdict(node, stat, of: origin, origin.stat(), visit.entry) {
            case .data: changes.append(Change(.data, visit.path))
            case .metadata: changes.append(Change(.metadata, visit.path))
            default: break
            }
        }
    }
}
