/// What is done to a tree: first what makes the base, then what is done to it.
public struct OperationList: Sendable, CustomStringConvertible {
    /// What makes the base; it ends with times in the past.
    public var base: [Operation]
    /// What is done to it.
    public var changes: [Operation]

    /// One operation a line.
    public var description: String {
        (["base:"] + base.map { "  \($0)" } + ["changes:"] + changes.map { "  \($0)" })
            .joined(separator: "\n")
            .replacing(String(repeating: "n", count: 255), with: "n*255")
    }

    /// A list that looks random, the same for the same seed.
    ///
    /// - Parameters:
    ///   - seed: which list.
    ///   - count: how many changes.
    ///   - isRoot: whether the players may do what only root may: change owners, make devices,
    ///     read files that forbid it.
    ///   - longestName: bytes of the longest name there may be.
    /// - Returns: what makes a base, and that many changes of it.
    public static func random(
        seed: UInt64,
        count: Int = 40,
        isRoot: Bool,
        longestName: Int = 255
    ) -> OperationList {
        var maker = OperationMaker(seed: seed, isRoot: isRoot, longestName: longestName)
        let base = maker.base()
        return OperationList(base: base, changes: (0..<count).map { _ in maker.change() })
    }

    /// A list with fewer operations that still fails, found by leaving out ever smaller pieces.
    ///
    /// `fails` is asked at most `limit` times.
    public func shrunk(limit: Int = 600, _ fails: (OperationList) -> Bool) -> OperationList {
        var list = self
        var left = limit
        var piece = max(1, (list.changes.count + list.base.count) / 2)
        while piece >= 1, left > 0 {
            let before = list.changes.count + list.base.count
            for part in [\OperationList.changes, \OperationList.base] {
                var start = 0
                while start < list[keyPath: part].count, left > 0 {
                    var shorter = list
                    let end = min(start + piece, list[keyPath: part].count)
                    shorter[keyPath: part].removeSubrange(start..<end)
                    left -= 1
                    if fails(shorter) { list = shorter } else { start = end }
                }
            }
            let isShorter = list.changes.count + list.base.count < before
            if piece > 1 || !isShorter { piece /= 2 }
        }
        return list
    }
}
