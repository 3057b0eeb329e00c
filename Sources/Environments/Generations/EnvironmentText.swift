package import Archive
package import FileTree
package import Store
package import UnionTree

/// What an environment is at one time: its packages and rules.
///
/// As text it is a line `package CID NAME VERSION` for each package, sorted by id, and the rules:
/// preferences in their order, for the first that fits counts, all others sorted. Its identity is
/// the SHA-256 of the same lines without names and versions, which ids stand for: the same
/// packages and rules have one identity on every machine.
package struct EnvironmentText: Sendable, Hashable {
    /// The packages, sorted by id; one of each name.
    package private(set) var packages: [StoredPackage] = [] { didSet { packagesHash = nil } }
    /// The rules in the order of the text.
    package private(set) var rules: [EnvironmentRule] = []
    /// The hash of the packages' lines, where it is known: the first part of the identity, and
    /// what a view of them is known by.
    private(set) var packagesHash: ContentID?

    /// Makes one of nothing.
    package init() {}

    /// The package of a name.
    package func package(_ name: String) -> StoredPackage? {
        packages.first { $0.name == name }
    }

    /// Adds a package; one of the same name goes.
    package mutating func add(_ package: StoredPackage) {
        packages.removeAll { $0.name == package.name }
        let place = packages.firstIndex { package.id < $0.id } ?? packages.count
        packages.insert(package, at: place)
    }

    /// Takes the package of a name away; false when there is none.
    package mutating func remove(_ name: String) -> Bool {
        let count = packages.count
        packages.removeAll { $0.name == name }
        return packages.count < count
    }

    /// Adds a rule, unless it is there.
    ///
    /// Errors: `.invalid` where it does not go with the others.
    package mutating func add(_ rule: EnvironmentRule) throws(FileError) {
        guard !rules.contains(rule) else { return }
        if case .shine(let shine) = rule, shines.contains(where: { $0.path == shine.path }) {
            throw FileError(.invalid, "shine \(shine.path): there is another for the same path")
        }
        var new = rules + [rule]
        var preferences: [EnvironmentRule] = []
        new.removeAll { rule in
            guard case .prefer = rule else { return false }
            preferences.append(rule)
            return true
        }
        new.sort { $0.line.utf8.lexicographicallyPrecedes($1.line.utf8) }
        var union = UnionRules()
        for rule in new { try rule.add(to: &union) }
        rules = preferences + new
    }

    /// Takes a rule away; false when it is not there.
    package mutating func remove(_ rule: EnvironmentRule) -> Bool {
        let count = rules.count
        rules.removeAll { known in
            // Of a path there is one, wherever it leads.
            if case .shine(let shine) = rule, shine.folder == nil, case .shine(let other) = known {
                return shine.path == other.path
            }
            return known == rule
        }
        return rules.count < count
    }

    /// The rules by which its packages are joined: those about packages that are not here wait.
    package func unionRules() throws(FileError) -> UnionRules {
        var union = UnionRules()
        for rule in rules(besides: []) { try rule.add(to: &union) }
        return union
    }

    /// The rules that do not wait for a package; `names` are packages that are here, too.
    func rules(besides names: [String]) -> [EnvironmentRule] {
        guard rules.contains(where: { $0.package != nil }) else { return rules }
        let names = Set(packages.map(\.name) + names)
        return rules.filter { $0.package.map(names.contains) ?? true }
    }

    /// The packages whose set-id bits are shown.
    package var allowed: [String] {
        rules.compactMap { if case .allow(let package) = $0 { package } else { nil } }
    }

    /// The paths of its views that are the real disk.
    package var shines: [ShinePath] {
        rules.compactMap { if case .shine(let shine) = $0 { shine } else { nil } }
    }

    /// Its identity.
    package var hash: ContentID {
        if rules.isEmpty, let packagesHash { return packagesHash }
        return hash(of: lineHash())
    }

    /// The same, and keeps what a view of the packages is known by.
    @discardableResult
    mutating func takeHash() -> ContentID {
        let lines = lineHash()
        packagesHash = lines.id
        return hash(of: lines)
    }

    private func lineHash() -> PackageLines {
        var lines = PackageLines()
        packages.withUnsafeBufferPointer { packages in
            lines.add(count: packages.count) { packages[$0].id }
        }
        return lines
    }

    /// The identity of its rules and packages of these ids, of whose lines there are more.
    func hash(of ids: Set<ContentID>, _ more: [String]) -> ContentID {
        var lines = PackageLines()
        let ids = ids.sorted()
        lines.add(count: ids.count) { ids[$0] }
        return lines.id(with: (more + rules.map(\.line)).flatMap { Array("\($0)\n".utf8) })
    }

    private func hash(of lines: borrowing PackageLines) -> ContentID {
        rules.isEmpty ? lines.id : lines.id(with: rules.flatMap { Array("\($0.line)\n".utf8) })
    }

    // What is known of it is not what it is.

    package static func == (a: EnvironmentText, b: EnvironmentText) -> Bool {
        a.packages == b.packages && a.rules == b.rules
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(packages)
        hasher.combine(rules)
    }

    private static let packageWord = Array("package ".utf8)

    /// Adds the line of a package.
    static func write(_ package: StoredPackage, to text: inout [UInt8]) {
        text += packageWord
        package.write(to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    /// The lines of the text.
    package var lines: [String] {
        var text: [UInt8] = []
        for package in packages { Self.write(package, to: &text) }
        let lines = text.split(separator: UInt8(ascii: "\n"))
        return lines.map { String(decoding: $0, as: UTF8.self) } + rules.map(\.line)
    }

    /// Reads the line of a package; nil for another.
    static func package(_ line: ArraySlice<UInt8>) throws(FileError) -> StoredPackage? {
        let start = packageWord.count
        let isOne = line.withUnsafeBytes { line in
            line.count >= start && packageWord.elementsEqual(line[..<start])
        }
        guard isOne else { return nil }
        guard let package = StoredPackage(words: line.dropFirst(start))
        else { throw .malformed("not a package: \(PathText.display(line))") }
        return package
    }

    /// Makes one of packages, of which some have gone and others have come, and of rules that
    /// were those of one before.
    init(
        _ packages: [StoredPackage],
        changed: [ContentID: StoredPackage?],
        _ rules: [EnvironmentRule]
    ) {
        self.rules = rules
        self.packages.reserveCapacity(packages.count + changed.count)
        // Both are in the order of ids: what is between two that changed is taken as it is.
        var start = 0
        for id in changed.keys.sorted() {
            var end = packages.count
            var low = start
            while low < end {
                let middle = (low + end) / 2
                if packages[middle].id < id { low = middle + 1 } else { end = middle }
            }
            self.packages += packages[start..<end]
            start = end < packages.count && packages[end].id == id ? end + 1 : end
            if case .some(.some(let new)) = changed[id] { self.packages.append(new) }
        }
        self.packages += packages[start...]
    }

    /// The packages that are not of `other`, and those of it that are not here.
    func changes(
        from other: EnvironmentText
    ) -> (new: [StoredPackage], lost: [StoredPackage]) {
        var (new, lost): ([StoredPackage], [StoredPackage]) = ([], [])
        packages.withUnsafeBufferPointer { mine in
            other.packages.withUnsafeBufferPointer { theirs in
                // That of most states is nearly that of others.
                if mine.baseAddress == theirs.baseAddress, mine.count == theirs.count { return }
                var (a, b) = (0, 0)
                while a < mine.count, b < theirs.count {
                    if mine[a].id == theirs[b].id {
                        a += 1
                        b += 1
                    } else if mine[a].id < theirs[b].id {
                        new.append(mine[a])
                        a += 1
                    } else {
                        lost.append(theirs[b])
                        b += 1
                    }
                }
                new += mine[a...]
                lost += theirs[b...]
            }
        }
        return (new, lost)
    }

    /// Reads a line of the text that is a rule.
    mutating func take(rule line: String) throws(FileError) {
        let words = line.parts(at: " ", omittingEmptySubsequences: false).map(String.init)
        try add(EnvironmentRule(words: words))
    }

    /// Whether what was read is what would be written; `new` are the packages that are not of one
    /// of which that is known, all of them where there is none.
    func isInOrder(new: [StoredPackage]) -> Bool {
        let isSorted = packages.withUnsafeBufferPointer { packages in
            for place in packages.indices.dropFirst()
            where packages[place - 1].id >= packages[place].id {
                return false
            }
            return true
        }
        guard isSorted else { return false }
        if new.count > 8 {
            var names = Set<String>(minimumCapacity: packages.count)
            for package in packages where !names.insert(package.name).inserted { return false }
            return true
        }
        for one in new {
            for package in packages where package.name == one.name && package.id != one.id {
                return false
            }
        }
        return true
    }
}
