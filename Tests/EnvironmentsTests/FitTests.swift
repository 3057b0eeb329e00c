import Archive
import FileTree
import Glibc
import Store
import Synchronization
import Testing
import UnionTree

@testable import Environments

/// What is found by the names of a package alone is what a merge of all finds.
struct FitTests {
    /// A native package of files, `path=contents`, and directories, `path/mode`; sorted here.
    static func package(
        _ name: String,
        _ members: [String],
        in folder: StoreFolder
    ) throws -> String {
        var manifest = Manifest()
        manifest.add("name", name)
        manifest.add("version", "1")
        let output = "\(folder.path)/\(name).pak.zst"
        let new = open(output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard new >= 0 else { throw FileError(.init(number: errno), output) }
        defer { close(new) }
        var writer = try PackageWriter(to: new, manifest: manifest)
        let ordered = members.sorted { a, b in
            let paths = (a.split { "=:".contains($0) }[0], b.split { "=:".contains($0) }[0])
            return paths.0.utf8.lexicographicallyPrecedes(paths.1.utf8)
        }
        for words in ordered {
            let isFile = words.contains("=")
            let parts = words.split(separator: isFile ? "=" : ":").map(String.init)
            var member = Member(
                path: Array(parts[0].utf8),
                type: isFile ? .regular : .directory,
                permissions: isFile ? 0o644 : UInt32(parts[1], radix: 8) ?? 0o755
            )
            let bytes = Array((isFile ? parts[1] : "").utf8)
            member.size = UInt64(bytes.count)
            try writer.append(member)
            if isFile { try bytes.withUnsafeBytes { try writer.write($0) } }
        }
        _ = try writer.finish()
        return output
    }

    @Test func whatComesAgainIsComparedWithWhatCameMeanwhile() throws {
        let folder = try StoreFolder()
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        let finder = EnvironmentFinder(stores: [store])
        let paths = [
            try Self.package("p", ["opt/x=1"], in: folder),
            try Self.package("q", ["opt/x=2"], in: folder),
        ]
        func change(_ words: [String]) throws {
            var change = try EnvironmentChange(web, finder)
            try change.take(words)
            _ = try change.commit(command: words[0], word: words[0])
        }
        try change(["add", paths[0]])
        try change(["rm", "p"])
        try change(["add", paths[1]])
        #expect(throws: (any Error).self) { try change(["add", "p"]) }
        #expect(try web.state().current == 4)
    }

    @Test func anAddTakesAsManyCallsOfManyPackagesAsOfFew() throws {
        var taken: [Int: [HostCalls.Call: Int]] = [:]
        for count in [2, 40] {
            let folder = try StoreFolder()
            let store = try folder.store()
            let web = try NamedEnvironment(making: "web", in: store)
            let paths = try (0..<count).map { number in
                try Self.package(
                    "p\(number)",
                    ["opt/\(number)/x=1", "usr/bin/\(number)=1"],
                    in: folder
                )
            }
            var first = try EnvironmentChange(web, EnvironmentFinder(stores: [store]))
            try first.take(["add"] + paths)
            // It leaves a table, by which the next is checked.
            _ = try first.commit(command: "add", word: "add")
            _ = try store.add(Self.package("new", ["opt/new/x=1", "usr/bin/new=1"], in: folder))
            let seen = Mutex<[HostCalls.Call: Int]>([:])
            let calls = HostCalls(fault: { call in
                seen.withLock { $0[call, default: 0] += 1 }
                return nil
            })
            let counted = try Store(writing: folder.path, calls: calls)
            let environment = try NamedEnvironment("web", in: counted)
            seen.withLock { $0 = [:] }
            var change = try EnvironmentChange(environment, EnvironmentFinder(stores: [counted]))
            try change.take(["add", "new"])
            _ = try change.commit(command: "add new", word: "add")
            taken[count] = seen.withLock { $0 }
            #expect(try web.record(web.state()).text.packages.count == count + 1)
            // It leaves a table for the next.
            #expect(try HostFolder.names(in: counted.tables).count == 2)
        }
        // What has numbers is read from where they stand.
        taken[2]?[.read] = nil
        taken[40]?[.read] = nil
        taken[2]?[.open, default: 0] += 1
        #expect(taken[2] == taken[40])
        #expect(taken[40]?[.list] == 1)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func whatFitsByItsNamesIsNeverAConflictOfTheMerge(seed: UInt64) throws {
        var random = Numbers(seed: seed)
        let (folder, other) = (try StoreFolder(), try StoreFolder())
        let store = try folder.store()
        let web = try NamedEnvironment(making: "web", in: store)
        let fast = StoredPackages(EnvironmentFinder(stores: [store]))
        let whole = StoredPackages(EnvironmentFinder(stores: [try other.store(), store]))
        // The plain dictionary of sets that the environment is held against.
        var model: [Int: Set<String>] = [1: []]
        var fitting = 0
        for number in 0..<40 {
            let places = ["usr/bin", "usr/lib", "usr/share/doc", "opt", "bin"]
            var members: Set<String> = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = places.randomElement(using: &random) ?? "opt"
                let file = Int.random(in: 0..<30, using: &random)
                members.insert("\(place)/\(file)=\(Int.random(in: 0..<2, using: &random) + file)")
            }
            if Int.random(in: 0..<8, using: &random) == 0 { members.insert("opt:0700") }
            if Int.random(in: 0..<8, using: &random) == 0 { members.insert("usr/bin/9:0755") }
            // Two of one path make no package.
            let paths = members.map { $0.split { "=:".contains($0) }[0] }
            guard Set(paths).count == paths.count else { continue }
            let path = try Self.package("p\(number)", Array(members), in: folder)
            let imported = try store.add(path)
            let state = try web.state()
            let record = try web.record(state.current)
            var text = record.text
            text.add(imported.package)
            let fits = try fast.fits(text, over: record, in: web)
            var conflicts: [Conflict] = []
            // A conflict is what it throws for, and what is compared.
            _ = try? whole.tree(of: text, named: "web", &conflicts)
            #expect(!fits || conflicts.isEmpty, "seed \(seed), package \(number): \(members)")
            if fits { fitting += 1 }
            guard conflicts.isEmpty else { continue }
            // Now and then there is a table of what is current; else an older one has to do.
            if number % 4 == 0 { _ = try fast.tree(of: text, named: "web", &conflicts) }
            let made = try web.commit(
                text,
                roots: [],
                command: "add",
                word: "add",
                over: state
            )
            model[made.number] = (model[state.current] ?? []).union(["p\(number)"])
            if number % 7 == 6 {
                let old = model.keys.sorted().randomElement(using: &random) ?? 1
                try web.note("switch", current: old, over: web.state())
            }
            let now = try web.state().current
            #expect(Set(try web.record(now).text.packages.map(\.name)) == model[now])
        }
        #expect(fitting > 3, "seed \(seed)")
        for (number, names) in model {
            #expect(Set(try web.record(number).text.packages.map(\.name)) == names)
        }
    }
}

/// Numbers that are the same for the same seed.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }
}
