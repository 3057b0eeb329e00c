import Archive
import FileTree
import Store
import Terminal
import Testing
import UnionTree

@testable import Environments

/// Random changes of an environment, held against a plain dictionary of sets.
struct ModelTests {
    /// What an environment is, said as simply as can be.
    private struct Model {
        /// What each package has: the bytes of each path.
        var packages: [String: [String: String]] = [:]
        /// Paths and the package that is taken there, the first that fits first.
        var preferences: [(path: String, package: String)] = []
        var blocks: Set<[String]> = []

        /// The bytes of each path, and the owners that are shown; nil where packages disagree.
        var shown: [String: (bytes: String, owners: Set<String>)]? {
            var sides: [String: [String: String]] = [:]
            for (name, files) in packages {
                for (path, bytes) in files where !blocks.contains([name, path]) {
                    sides[path, default: [:]][name] = bytes
                }
            }
            var shown: [String: (bytes: String, owners: Set<String>)] = [:]
            for (path, owners) in sides {
                guard Set(owners.values).count > 1 else {
                    shown[path] = (owners.values.first ?? "", Set(owners.keys))
                    continue
                }
                let rule = preferences.first { $0.path == path && owners[$0.package] != nil }
                guard let winner = rule?.package, let bytes = owners[winner] else { return nil }
                // Who has the same as the one that is taken is shown by it, too.
                let same = owners.filter { $0.value == bytes }
                shown[path] = (bytes, Set(same.keys))
            }
            return shown
        }
    }

    private struct Setting {
        var finder: EnvironmentFinder
        var web: NamedEnvironment

        init(_ folder: StoreFolder) throws {
            finder = EnvironmentFinder(stores: [try folder.store()])
            web = try NamedEnvironment("web", in: finder.stores[0])
        }
    }

    /// The bytes of all files of a tree.
    private func files(
        _ directory: any Directory,
        _ path: String = ""
    ) throws -> [String: String] {
        var names: [String] = []
        try directory.entries(from: 0) { _, name in
            names.append(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            return true
        }
        var found: [String: String] = [:]
        for name in names {
            let node = try directory.lookup(Array(name.utf8).span.bytes)
            if let below = node.directory {
                found.merge(try files(below, "\(path)\(name)/")) { first, _ in first }
            } else if let file = node.file {
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
                defer { room.deallocate() }
                let count = try file.open(.read).read(into: room, at: 0)
                found[path + name] = String(decoding: room[..<count], as: UTF8.self)
            }
        }
        return found
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func anEnvironmentIsADictionaryOfSets(seed: UInt64) throws {
        var random = Numbers(seed: seed)
        let folder = try StoreFolder()
        _ = try NamedEnvironment(making: "web", in: folder.store())
        var generations: [Int: Model] = [1: Model()]
        var parents: [Int: Int] = [:]
        var current = 1
        // One that is served all the while, beside those who look at it for the first time.
        let served = try StoredEnvironment(
            "web",
            EnvironmentFinder(stores: [try folder.store()])
        )
        let live = try served.live(.init(ViewOptions()))
        var refused = 0
        for step in 0..<60 {
            let setting = try Setting(folder)
            let what: Comment = "seed \(seed), step \(step)"
            var model = generations[current] ?? Model()
            let before = model
            var words: [String] = []
            let name = "p\(Int.random(in: 0..<6, using: &random))"
            let path = ["etc", "usr/share"].randomElement(using: &random).map {
                "\($0)/\(Int.random(in: 0..<5, using: &random))"
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                var new: [String: String] = [:]
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Bool.random(using: &random) ? "etc" : "usr/share"
                    let file = "\(place)/\(Int.random(in: 0..<5, using: &random))"
                    new[file] = "\(Int.random(in: 0..<3, using: &random))"
                }
                words = ["add", try FitTests.package(name, new.map { "\($0)=\($1)" }, in: folder)]
                model.packages[name] = new
            case 4:
                words = ["rm", name]
                model.packages[name] = nil
            case 5, 6:
                words = ["prefer", path ?? "", name]
                let isThere = model.preferences.contains { $0.path == path && $0.package == name }
                if !isThere { model.preferences.append((path ?? "", name)) }
            case 7:
                words = ["block", name, path ?? ""]
                model.blocks.insert([name, path ?? ""])
            case 8:
                let number = generations.keys.sorted().randomElement(using: &random) ?? 1
                try setting.web.note("switch", current: number, over: setting.web.state())
                current = number
            default:
                guard let parent = parents[current] else { continue }
                try setting.web.note("rollback", current: parent, over: setting.web.state())
                current = parent
            }
            if !words.isEmpty {
                var change = try EnvironmentChange(setting.web, setting.finder)
                if words[0] == "rm", before.packages[name] == nil {
                    #expect(throws: FileError.self, what) { try change.take(words) }
                } else {
                    try change.take(words)
                    if change.isEmpty { continue }
                    if model.shown == nil {
                        refused += 1
                        #expect(throws: Complaint.self, what) {
                            try change.commit(command: words[0], word: words[0])
                        }
                    } else {
                        let made = try change.commit(command: words[0], word: words[0])
                        parents[made.number] = current
                        current = made.number
                        generations[current] = model
                    }
                }
            }
            #expect(try setting.web.state().current == current, what)
            _ = try served.refresh { Issue.record("\(what): \($0)") }
            let wanted = try #require(generations[current]?.shown, what)
            let bytes = wanted.mapValues(\.bytes)
            #expect(try files(live.root) == bytes, what)
            #expect(served.current.record.number == current, what)
            let anew = try StoredEnvironment("web", setting.finder).current
            #expect(try files(anew.attach(ViewOptions()).root) == bytes, what)
            #expect(anew.record.text == served.current.record.text)
            for (path, shown) in wanted {
                let owners = anew.tree.owners(of: try UnionPath(Array(path.utf8)))
                let found = Set(owners.filter(\.isShown).map(\.package))
                #expect(found == shown.owners, what)
            }
        }
        #expect(refused > 0, "seed \(seed)")
        // Every state there was is there.
        for (number, model) in generations {
            let bytes = model.shown?.mapValues(\.bytes)
            #expect(try files(served.state("\(number)").attach(ViewOptions()).root) == bytes)
        }
    }
}
