import Archive
import FileTree

/// Where the captured view differs from what lies below, once the whole of a layer is considered:
/// what was made and is gone, or is again as it was, is no difference.
struct Differences {
    /// Every path that may differ, each with its verdict.
    private(set) var visits: [Visit]
    /// The visits of each file of the view that has several names.
    private(set) var groups: [UInt64: [Int]] = [:]
    /// Whether names of a file that has several may be missing, since the search for them has a
    /// limit.
    private(set) var missesNames = false
    private let comparison: Comparison

    init(
        _ tree: CaptureTree,
        _ comparison: Comparison,
        followsMoves: Bool,
        searchLimit: Int = ExportOptions.usualSearch
    ) throws(FileError) {
        self.comparison = comparison
        visits = try ChangeWalk(tree, followsMoves: followsMoves).visits
        var names = LinkNames(tree, limit: searchLimit)
        for number in visits.indices {
            try judge(number)
            names.note(visits[number])
        }
        if !names.isWhole {
            for visit in try names.rest() {
                visits.append(visit)
                try judge(visits.count - 1)
            }
            missesNames = names.isCutShort
        }
        group()
    }

    private mutating func judge(_ number: Int) throws(FileError) {
        let visit = visits[number]
        guard let node = visit.node, let stat = visit.stat else {
            visits[number].verdict = .removed
            return
        }
        guard let below = visit.below, let belowStat = visit.belowStat else {
            visits[number].verdict = .added
            return
        }
        do throws(FileError) {
            visits[number].verdict = try comparison.verdict(
                node,
                stat,
                of: below,
                belowStat,
                visit.entry
            )
        } catch {
            throw error.under(visit.path)
        }
    }

    /// Gives all names of a file its verdict, where they are the same file below as well.
    private mutating func group() {
        for (number, visit) in visits.enumerated() {
            guard let stat = visit.stat, stat.mode.type != .directory else { continue }
            guard stat.links > 1 || visit.belowStat?.links ?? 0 > 1 else { continue }
            groups[stat.qid.path, default: []].append(number)
        }
        for (file, numbers) in groups {
            let inPlace = numbers.filter { visits[$0].isInPlace }
            // A name that was found by another has its bytes, too.
            let verdicts = inPlace.map { visits[$0].verdict }
            let worst = verdicts.contains(.data) ? Visit.Verdict.data : .metadata
            if verdicts.contains(where: { $0 != .same }) {
                for number in inPlace { visits[number].verdict = worst }
            }
            if inPlace.count < numbers.count, !hasSameNames(numbers),
                numbers.allSatisfy({ visits[$0].verdict == .same })
            {
                for number in numbers { visits[number].verdict = .metadata }
            }
            groups[file] = numbers.sorted {
                MemberPath.precedes(visits[$0].path, visits[$1].path)
            }
        }
    }

    /// Whether these names are those of one file below as well.
    private func hasSameNames(_ numbers: [Int]) -> Bool {
        let below = Set(numbers.map { visits[$0].belowStat?.qid.path })
        guard below.count == 1, let stat = visits[numbers[0]].belowStat else { return false }
        return stat.links == visits[numbers[0]].stat?.links
    }
}
