import Differential
import FileTree
import Glibc
import NinePClient
import NinePServer
import ScratchFolder
import Synchronization
import SystemPackage
import Testing
import TreeConformance
import UnionTree
import Watched

@testable import CaptureTree

/// Captures over every kind of tree that can lie below.
///
/// `PAK_SEED=N` plays the list of that seed alone, `PAK_LISTS=N` another number of them.
@Suite struct LowerTreeTests {
    /// What lies below, each made of a folder of the host.
    enum Kind: CaseIterable {
        case host
        /// A union without packages over the host.
        case union
        /// Another server's tree.
        case remote
        /// A union over another server's tree.
        case remoteUnion
    }

    /// A lower tree, and what it needs to live.
    struct Lower {
        let root: any Directory
        let tree: any Tree
        private let server: Server?
        private let folder: ScratchFolder?

        init(_ kind: Kind, _ path: String) throws(FileError) {
            let host = try HostTree(FilePath(path))
            var options = ViewOptions()
            options.showsDevices = true
            options.keepsSetID = true
            switch kind {
            case .host:
                (root, tree, server, folder) = (host.root, host, nil, nil)
            case .union:
                let union = try UnionTree(packages: [], base: host.root)
                root = try union.attach(as: .superuser, options).root
                (tree, server, folder) = (union, nil, nil)
            case .remote, .remoteUnion:
                let folder = try ScratchFolder()
                let address = "unix!\(folder.path)/socket"
                let server = Server(tree: host)
                try server.listen(on: Address(address))
                let remote = try RemoteBase(RemoteAddress("9p!\(address)"))
                self.server = server
                self.folder = folder
                guard kind == .remoteUnion else {
                    (root, tree) = (remote.root, remote)
                    return
                }
                let union = try UnionTree(packages: [], base: remote.root)
                root = try union.attach(as: .superuser, options).root
                tree = union
            }
        }

        func end() { server?.drain(within: 0) }
    }

    /// A tree whose files are all whoever runs the test's.
    private static var sample: String {
        let owner = "\(geteuid()) \(getegid())"
        return """
            d 755 \(owner) - /
            d 750 \(owner) - a
            f 640 \(owner) 100 a/b =hello
            l 777 \(owner) 5 a/c >../big
            h a/d a/b
            f 600 \(owner) 7 big *300000:7
            d 755 \(owner) - empty
            f 644 \(owner) 1 odd%20%FF =

            """
    }

    private static func folder() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        let host = try HostTree(FilePath(folder.path), isWritable: true)
        try TreeCopy.copy(try MemoryTree.make(sample).root, to: host.root)
        return folder
    }

    @Test(arguments: Kind.allCases)
    func anUntouchedCaptureReadsAsTheTreeBelow(kind: Kind) throws {
        let folder = try Self.folder()
        let lower = try Lower(kind, folder.path)
        let captured = try Captured(over: lower.root, in: lower.tree)
        let reference = try MemoryTree.make(Self.sample)
        let check = ReadableCheck(captured.root, against: reference.root, .all)
        #expect(check.failures == [])
        #expect(check.checks > 60)
        lower.end()
    }

    @Test(arguments: Kind.allCases)
    func aDirectoryOfAnyLowerTreeCanBeChanged(kind: Kind) throws {
        let folder = try Self.folder()
        let lower = try Lower(kind, folder.path)
        let captured = try Captured(over: lower.root, in: lower.tree)
        let check = WritableCheck(try captured.directory("empty"))
        #expect(check.failures == [])
        // Below nothing has changed, and around it nothing either.
        let rest = ReadableCheck(
            captured.root,
            against: try MemoryTree.make(Self.sample).root,
            [.modes, .links, .owners, .positions]
        )
        #expect(rest.failures == [])
        let below = ReadableCheck(lower.root, against: try MemoryTree.make(Self.sample).root, .all)
        #expect(below.failures == [])
        lower.end()
    }

    @Test(arguments: Kind.allCases)
    func whatIsTouchedIsFoundAgainInALayerOpenedAnew(kind: Kind) throws {
        let folder = try Self.folder()
        let lower = try Lower(kind, folder.path)
        let captured = try Captured(over: lower.root, in: lower.tree)
        try captured.write("J", to: "a/b")
        try captured.write("tail", to: "big", at: 299_998)
        let name = "moved".utf8Bytes
        let old = "a".utf8Bytes
        try captured.root.rename(
            old.span.bytes,
            to: captured.root,
            name.span.bytes,
            replacing: false
        )
        let before = try TreeText.describe(captured.root)
        #expect(try captured.text("moved/d") == "Jello")
        // Another process would have another tree of the same.
        let again = try Lower(kind, folder.path)
        let reopened = try captured.reopened(over: again.root, in: again.tree)
        #expect(try TreeText.describe(reopened.root) == before)
        #expect(try reopened.root.node("moved/b").qid.path == captured.node("moved/b").qid.path)
        lower.end()
        again.end()
    }

    @Test(arguments: Kind.allCases)
    func randomOperationsEndAsInADirectory(kind: Kind) {
        let seed = Self.number("PAK_SEED")
        let seeds =
            seed.map { $0...$0 } ?? 1...(Self.number("PAK_LISTS") ?? UInt64(Watched.some(25)))
        let report = Mutex("")
        PrivateMounts.run { mayMount in
            func failures(_ list: OperationList) -> [String] {
                do throws(FileError) {
                    return try Self.play(list, over: kind, Arena(mayMount: mayMount))
                } catch {
                    return ["\(error)"]
                }
            }
            for seed in seeds {
                let list = OperationList.random(seed: seed, isRoot: geteuid() == 0)
                guard !failures(list).isEmpty else { continue }
                let short = list.shrunk(limit: 200) { !failures($0).isEmpty }
                let lines = ["PAK_SEED=\(seed)", "\(short)"] + failures(short)
                return report.withLock { $0 = lines.joined(separator: "\n") }
            }
        }
        let failure = report.withLock { $0 }
        #expect(failure.isEmpty, "\(failure)")
    }

    private static func play(
        _ list: OperationList,
        over kind: Kind,
        _ arena: Arena
    ) throws(FileError) -> [String] {
        let plain = try HostPlayer("host", path: arena.directory("plain"))
        let path = try arena.directory("lower")
        var failures = try Differential.play(
            list.base,
            to: [plain, HostPlayer("lower", path: path)]
        )
        guard failures.isEmpty else { return failures }
        let lower = try Lower(kind, path)
        defer { lower.end() }
        let tree = try CaptureTree(
            layer: Layer.inMemory(),
            over: lower.root,
            in: lower.tree
        )
        let players: [any Player] = [plain, TreePlayer("capture", tree.root)]
        failures = Differential.play(list.changes, to: players)
        return failures.isEmpty ? try Differential.compare(players) : failures
    }

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}
