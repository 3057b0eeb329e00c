import Archive
import CaptureTree
import Differential
import FUSEServer
import FileTree
import Synchronization
import SystemPackage
import Testing
import TreeConformance
import UnionTree

/// The checks of every tree at their fifth depth: behind the kernel's FUSE client.
@Suite(.enabled(if: Mounted.isPossible, Mounted.reason)) struct ConformanceTests {
    private static let sample = """
        d 755 0 0 - /
        d 750 3 4 - a
        f 640 1 2 100 a/b =hello
        l 777 0 0 5 a/c >../big
        h a/d a/b
        f 600 0 0 7 big *300000:7
        c 666 0 0 9 null 1:3
        f 644 0 0 1 odd%20x%FF =
        p 600 0 0 1 pipe

        """

    /// The ways in which a tree is served.
    enum Way: CaseIterable {
        case endless, opening, brief, readOnly

        var options: FUSEServer.Options {
            var options = FUSEServer.Options()
            options.isWritable = self != .readOnly
            options.opensFiles = self == .opening
            if self == .brief { options.caching = .seconds(0) }
            return options
        }
    }

    /// The trees that are served.
    enum Kind: CaseIterable {
        case memory, host, capture, union

        /// Makes one of a text; the host's lies in an arena.
        func attachment(_ text: String, _ arena: Arena) throws -> FileTree.Attachment {
            let memory = try MemoryTree.make(text, clock: { .now })
            switch self {
            case .memory: return FileTree.Attachment(root: memory.root, tree: memory)
            case .host:
                let host = try HostTree(FilePath(lay(memory, arena)), isWritable: true)
                return FileTree.Attachment(root: host.root, tree: host)
            case .capture:
                let host = try HostTree(FilePath(lay(memory, arena)))
                let layer = try Layer.open(folder: arena.path + "/layer")
                return try CaptureTree(layer: layer, over: host.root, in: host).attach(
                    as: .superuser,
                    to: ""
                )
            case .union:
                let package = try Package.openDirectory(lay(memory, arena))
                let union = try UnionTree(packages: [package])
                var options = ViewOptions()
                options.showsDevices = true
                options.keepsSetID = true
                return try union.attach(as: .superuser, options)
            }
        }

        private func lay(_ memory: MemoryTree, _ arena: Arena) throws -> String {
            let path = try arena.directory("below")
            try TreeCopy.copy(memory.root, to: MountedDirectory.open(path))
            return path
        }
    }

    @Test(arguments: Kind.allCases, Way.allCases)
    func aTreeReadsThroughTheKernelAsItIs(_ kind: Kind, _ way: Way) throws {
        let failures = Mutex<[String]>([])
        let complaints = try Mounted.run(way.options) { arena in
            try kind.attachment(Self.sample, arena)
        } _: { path, _ in
            let check = ReadableCheck(
                try MountedDirectory.open(path),
                against: try MemoryTree.make(Self.sample).root,
                .all
            )
            failures.withLock { $0 = check.failures }
            #expect(check.checks > 60)
        }
        #expect(failures.withLock { $0 } == [])
        #expect(complaints == [])
    }

    @Test(
        arguments: [Kind.memory, .host, .capture],
        [Way.endless, .opening, .brief]
    )
    func anEmptyTreeCanBeChangedThroughTheKernel(_ kind: Kind, _ way: Way) throws {
        let failures = Mutex<[String]>([])
        let complaints = try Mounted.run(way.options) { arena in
            try kind.attachment("d 755 0 0 - /\n", arena)
        } _: { path, _ in
            let check = WritableCheck(
                try MountedDirectory.open(path),
                givesAway: kind != .host
            )
            failures.withLock { $0 = check.failures }
            #expect(check.checks > 40)
        }
        #expect(failures.withLock { $0 } == [])
        #expect(complaints == [])
    }
}
