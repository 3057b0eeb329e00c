import Archive
import Differential
import FileTree
import Synchronization
import Testing
import TreeConformance
import Watched

@testable import UnionTree

/// A table made of another is, byte for byte, the one that a merge of all makes.
@Suite struct TableUpdateTests {
    /// What came of making a table of another.
    private enum Outcome {
        case same, left, conflict
    }

    /// The tree of packages by a merge of all; nil where they disagree.
    private func merged(_ packages: [Package], _ rules: UnionRules) -> UnionTree? {
        // A disagreement is what is compared.
        try? UnionTree(packages: packages, rules: rules)
    }

    /// Makes the table of `after` of that of `old`, and holds it against `new`, the merge.
    private func step(
        _ old: UnionTree?,
        _ after: [Package],
        _ new: UnionTree?,
        _ rules: UnionRules = UnionRules(),
        _ what: @autoclosure () -> String = ""
    ) throws -> Outcome? {
        guard let old else { return nil }
        let maker = try UnionMaker(after, rules, base: nil, environment: "", cache: nil)
        let packages = maker.packages
        let update = try TableUpdate(
            old.current.table,
            from: old.packages.map(\.id),
            to: packages.map(\.id),
            openOld: { old.packages[$0] },
            openNew: { packages[$0] }
        )
        guard var update, let storage = try update.make(maker.key) else {
            return new == nil ? .conflict : .left
        }
        guard let new else {
            Issue.record("a conflict is not seen: \(what())")
            return .conflict
        }
        let whole = new.current.table.storage.bytes
        if !storage.bytes.elementsEqual(whole) {
            Issue.record("another table than a merge makes: \(what())")
        }
        _ = try Table(made: storage, key: maker.key, maker.list)
        return .same
    }

    /// Counts how often a table was made, and how often it was left to the merge.
    private struct Tally {
        var same = 0
        var left = 0
        var conflicts = 0

        mutating func add(_ outcome: Outcome?) {
            switch outcome {
            case .same: same += 1
            case .left: left += 1
            case .conflict: conflicts += 1
            case nil: break
            }
        }
    }

    @Test func everyStepBetweenSetsOfFourSmallPackages() throws {
        let contents = [
            "f 644 a/x =1", "f 644 a/x =1\nf 644 a/y =1", "f 644 a/b/x =1\nf 644 c =1",
            "d 700 a\nf 644 a/z =1", "f 644 a =1", "f 644 a/b/c/x =1\nd 755 a/b",
            "f 644 a/x =1\nh a/w a/x",
        ]
        let all = try contents.enumerated().map { number, text in
            try SamplePackage.make("p\(number)", text, modified: Int64(100 + number % 3))
        }
        var tally = Tally()
        let sets = (1..<1 << all.count).map { bits in
            all.indices.filter { bits >> $0 & 1 == 1 }
        }
        .filter { $0.count <= 4 }
        let trees = sets.map { merged($0.map { all[$0] }, UnionRules()) }
        for (before, old) in zip(sets, trees).prefix(Watched.some(sets.count)) {
            for (after, new) in zip(sets, trees)
            where 1...2 ~= Set(before).symmetricDifference(after).count {
                let packages = after.map { all[$0] }
                let what = "\(before) to \(after)"
                let outcome = try step(old, packages, new, UnionRules(), what)
                tally.add(outcome)
                // A file of several names, which others have, too, is left to the merge.
                let hasLinks = before.contains(6) || after.contains(6)
                if outcome == .left, !hasLinks { Issue.record("left to the merge: \(what)") }
            }
        }
        #expect(tally.same > Watched.some(300))
        #expect(tally.conflicts > Watched.some(100))
    }

    /// A package of names that others have, too.
    private func random(_ number: Int, _ random: inout SeededRandom) throws -> Package {
        let places = [
            "usr/bin", "usr/lib", "usr/share/doc", "opt", "bin", "lib", "sbin", "usr/lib/x", "etc",
        ]
        var lines: [String: String] = [:]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = places.randomElement(using: &random) ?? "opt"
            let file = Int.random(in: 0..<60, using: &random)
            let path = "\(place)/n\(file)"
            switch Int.random(in: 0..<12, using: &random) {
            case 0: lines[path] = "l 777 \(path) >n\(file % 3)"
            case 1: lines[path] = "f 644 \(path)/d/x =1"
            case 2: lines[path] = "f 644 \(path) =\(number)"
            case 3: lines[place] = "d 755 \(place)"
            default: lines[path] = "f 644 \(path) =\(file % 3 == 0 ? 0 : number % 7)"
            }
        }
        if Int.random(in: 0..<10, using: &random) == 0 { lines["opt"] = "d 700 opt" }
        var manifest: [(String, String)] = []
        if Int.random(in: 0..<2, using: &random) == 0 { manifest.append(("origin", "deb x")) }
        if Int.random(in: 0..<4, using: &random) == 0 { manifest.append(("directories", "any")) }
        if Int.random(in: 0..<12, using: &random) == 0 { manifest.append(("replace", "p1")) }
        var text = lines.sorted { $0.key < $1.key }.map(\.value)
        if Int.random(in: 0..<25, using: &random) == 0 { text.append("hole opt/n1") }
        return try SamplePackage.make(
            "p\(number)",
            text.joined(separator: "\n"),
            manifest: manifest,
            modified: Int64.random(in: 1...3, using: &random)
        )
    }

    @Test(arguments: 0..<UInt64(Watched.some(12))) func whatComesAndGoes(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        var rules = UnionRules()
        if seed % 4 == 1 {
            try rules.prefer(Array("usr/**".utf8), "p1")
            try rules.prefer(Array("**".utf8), "p2")
        }
        if seed == 2 { try rules.alias(Array("etc".utf8), Array("usr/etc".utf8)) }
        var tally = Tally()
        var there: [Package] = []
        for number in 0..<90 {
            var next = there
            if there.count > 3, Int.random(in: 0..<3, using: &numbers) == 0 {
                next.remove(at: Int.random(in: 0..<next.count, using: &numbers))
            }
            if Int.random(in: 0..<4, using: &numbers) > 0 {
                next.append(try random(number, &numbers))
            }
            if there.isEmpty || next.isEmpty {
                there = merged(next, rules) == nil ? [] : next
                continue
            }
            let (old, new) = (merged(there, rules), merged(next, rules))
            tally.add(try step(old, next, new, rules, "seed \(seed), step \(number)"))
            if new != nil { there = next }
            // So that there are no more than a few conflicts.
            if there.count > 14 { there.removeFirst(6) }
            if merged(there, rules) == nil { there = [] }
        }
        if seed != 2 { #expect(tally.same > tally.left, "seed \(seed): \(tally)") }
    }

    /// A table that was made to harm, with the right sum: no table comes of it, or one that is
    /// refused or read without a step outside.
    @Test func everyChangedByteOfTheOldTableIsHarmless() throws {
        let before = [
            try SamplePackage.make("a", "f 644 usr/bin/x =1\nf 4 bin/f =\nf 4 opt/d/e/f ="),
            try SamplePackage.make(
                "b",
                "f 644 usr/bin/x =1\nd 755 lib\nf 644 opt/d/g =1\nf 644 opt/d/e/g =2",
                manifest: [("origin", "deb x")]
            ),
            try SamplePackage.make("c", "f 644 usr/bin/y =1"),
        ]
        let more = try SamplePackage.make("d", "f 644 usr/bin/z =1\nf 644 opt/d/e/h =2")
        let old = try UnionTree(packages: before)
        let whole = old.current.table.kept
        let ids = old.packages.map(\.id)
        let less = old.packages.filter { $0.name != "c" }
        for packages in [old.packages + [more], less] {
            let maker = try UnionMaker(
                packages,
                UnionRules(),
                base: nil,
                environment: "",
                cache: nil
            )
            var made = 0
            for place in stride(from: TableLayout.saltOffset, to: whole.count, by: Watched.stride) {
                for value in [0, 0xff] as [UInt8] where whole[place] != value {
                    var bytes = whole
                    bytes[place] = value
                    let sum = bytes.withUnsafeBytes { TableSum.of($0) }
                    bytes.withUnsafeMutableBytes {
                        $0.storeBytes(of: sum, toByteOffset: TableLayout.sumOffset, as: UInt64.self)
                    }
                    let storage = StoredBytes(copying: bytes)
                    // What is refused is not read.
                    guard let table = try? Table(storage, key: old.hash, count: ids.count) else {
                        continue
                    }
                    let update = try? TableUpdate(
                        table,
                        from: ids,
                        to: maker.packages.map(\.id),
                        openOld: { old.packages[$0] },
                        openNew: { maker.packages[$0] }
                    )
                    guard var update, let new = try? update.make(maker.key),
                        let table = try? Table(made: new, key: maker.key, maker.list)
                    else { continue }
                    made += 1
                    let view = View(Generation(maker.packages, table, base: nil), ViewOptions())
                    HostileVisit.of(view.rootNode, nodes: 40)
                }
            }
            #expect(made > 500 / Watched.stride)
        }
    }

    /// What does not change is copied as it lies, and no package of it is looked at.
    @Test func aTableOfManyPackagesIsMadeByOpeningAsManyAsOneOfFew() throws {
        func package(_ name: String) throws -> Package {
            let more = name == "p7" || name == "new" ? "\nf 644 opt/both =1" : ""
            return try SamplePackage.make(
                name,
                "f 755 usr/bin/\(name) =1\nf 644 usr/lib/\(name)/x =1" + more
            )
        }
        let new = try package("new")
        for count in [20, 400] {
            let old = try UnionTree(packages: (0..<count).map { try package("p\($0)") })
            let maker = try UnionMaker(
                old.packages + [new],
                UnionRules(),
                base: nil,
                environment: "",
                cache: nil
            )
            let opened = Mutex<[String]>([])
            var update = try TableUpdate(
                old.current.table,
                from: old.packages.map(\.id),
                to: maker.packages.map(\.id),
                openOld: { old.packages[$0] },
                openNew: { number in
                    opened.withLock { $0.append(maker.packages[number].name) }
                    return maker.packages[number]
                }
            )
            #expect(try update?.make(maker.key) != nil)
            #expect(opened.withLock { $0.sorted() } == ["new", "p7"])
        }
    }
}
