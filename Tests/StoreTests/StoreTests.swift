import Archive
import FileTree
import Glibc
import HostFaults
import Synchronization
import Testing

@testable import Store

struct StoreTests {
    @Test func aPackageIsFoundByNameVersionAndIdOnceItIsIn() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        let first = try store.add(scratch.package("jq", version: "1.6-2.1+deb12u1"))
        #expect(!first.isKnown)
        #expect(try store.packages() == [first.package])
        #expect(first.package.name == "jq")
        #expect(first.package.version == "1.6-2.1+deb12u1")
        let name = "jq-1.6%2D2.1+deb12u1.\(first.package.id).pak.zst"
        #expect(scratch.names("s/packages") == [name])
        #expect(try store.has(first.package))
        #expect(try store.add(scratch.package("jq", version: "1.6-2.1+deb12u1")).isKnown)
        #expect(scratch.names("s/packages") == [name])
    }

    @Test func aForeignArchiveIsPackedOnTheWayIn() throws {
        let scratch = try Scratch()
        let folder = "\(scratch.path)/tool-2.0"
        mkdir(folder, 0o755)
        let file = open("\(folder)/tool", O_CREAT | O_WRONLY, 0o755)
        close(file)
        let store = try Store(writing: "\(scratch.path)/s")
        let package = try store.add(folder).package
        let opened = try #require(
            try Package.native(HostFile(store.place(of: package)), cache: FrameCache())
        )
        #expect(opened.id == package.id)
        #expect(opened.index.entry(atPath: "tool".utf8) != nil)
    }

    @Test func listingsAtOnceAreEachWhole() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        // More than one call of the kernel gives.
        let count = 1000
        for number in 0..<count {
            let id = SHA256.hash(Array("\(number)".utf8))
            let package = try #require(StoredPackage(name: "a", version: "\(number)", id: id))
            close(open(store.place(of: package), O_CREAT | O_WRONLY, 0o644))
        }
        let counts = Mutex<Set<Int>>([])
        let threads = try (0..<2).map { _ in
            try Worker {
                for _ in 0..<20 {
                    // One that fails has none.
                    let found = (try? store.packagesUnsorted()) ?? []
                    counts.withLock { _ = $0.insert(Set(found).count) }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(counts.withLock { $0 } == [count])
    }

    @Test func whatIsNoPackageLeavesNothing() throws {
        let scratch = try Scratch()
        let bad = try scratch.package("bad")
        truncate(bad, 300)
        let store = try Store(writing: "\(scratch.path)/s")
        #expect(throws: FileError.self) { try store.add(bad) }
        #expect(scratch.names("s/packages").isEmpty)
        #expect(throws: FileError.self) { try store.add("\(scratch.path)/none") }
    }

    @Test func aDamagedPackageIsNotTakenAndIsFoundByACheck() throws {
        let scratch = try Scratch()
        let path = try scratch.package("a", file: String(repeating: "text ", count: 100))
        let store = try Store(writing: "\(scratch.path)/s")
        let package = try store.add(path).package
        for place in [path, store.place(of: package)] {
            let file = open(place, O_RDWR)
            defer { close(file) }
            var byte: UInt8 = 0
            pread(file, &byte, 1, 150)
            byte ^= 0xff
            pwrite(file, &byte, 1, 150)
        }
        #expect(throws: FileError.self) { try store.add(path) }
        var found: [Store.Finding] = []
        try store.verify { found.append($0) }
        #expect(found.map(\.package) == [package])
        #expect(found.first?.fault != nil)
    }

    @Test func whatIsRemovedBesideACheckIsNoFault() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        for name in ["a", "b", "c"] { _ = try store.add(scratch.package(name)) }
        var shown: [String] = []
        try store.verify { finding in
            shown.append(finding.package.name)
            #expect(finding.fault == nil)
            for package in (try? store.packages()) ?? [] where package.name == "b" {
                unlink(store.place(of: package))
            }
        }
        #expect(shown == ["a", "c"])
    }

    @Test func onlyWhatNobodyUsesIsCollected() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        let leased = try store.add(scratch.package("leased"))
        let used = try store.add(scratch.package("used")).package
        let rooted = try store.add(scratch.package("rooted")).package
        let gone = try store.add(scratch.package("gone")).package
        mkdir("\(store.path)/roots", 0o700)
        let root = open("\(store.path)/roots/mine", O_CREAT | O_WRONLY, 0o600)
        let text = Array("\(rooted.id) because\n".utf8)
        #expect(write(root, text, text.count) == text.count)
        close(root)
        for isDry in [true, false] {
            let verdicts = try store.collect(isDry: isDry) {
                Store.Uses(packages: [used.id: ["a test"]])
            }.packages
            #expect(verdicts.filter(\.reasons.isEmpty).map(\.package) == [gone])
            let reasons = Dictionary(
                uniqueKeysWithValues: verdicts.map { ($0.package.name, $0.reasons) }
            )
            #expect(reasons["used"] == ["a test"])
            #expect(reasons["rooted"] == ["root mine"])
            #expect(reasons["leased"] == ["process \(getpid())"])
            #expect(try store.packages().count == (isDry ? 4 : 3))
        }
        withExtendedLifetime(leased) {}
    }

    @Test func aLeaseEndsWithItsHolder() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        var imported: Store.Imported? = try store.add(scratch.package("a"))
        let all = try store.collect(isDry: false) { Store.Uses() }.packages
        #expect(all.allSatisfy { !$0.reasons.isEmpty })
        #expect(imported != nil)
        imported = nil
        _ = try store.collect(isDry: false) { Store.Uses() }
        #expect(try store.packages().isEmpty)
        #expect(scratch.names("s/lease").isEmpty)
    }

    @Test func whoLetsGoOfALeaseBesideACollectionHasWrittenWhatKeepsItsPackages() throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        let added = Mutex<Store.Imported?>(try store.add(scratch.package("a")))
        let package = try #require(added.withLock { $0?.package })
        // The collection has read the log; the change is written and its process ends after that.
        let all = try store.collect(isDry: false) {
            added.withLock { $0 = nil }
            return Store.Uses()
        }.packages
        #expect(all.map(\.reasons) == [["process \(getpid())"]])
        #expect(try store.packages() == [package])
        #expect(scratch.names("s/lease").isEmpty)
    }

    /// At what call of a collection a process is gone that has something in the store.
    enum Moment: CaseIterable, Sendable {
        case afterItsLeaseWasFoundToBeHeld, beforeItsLeaseIsRemoved, beforeItsFileIsRemoved
    }

    @Test(arguments: Moment.allCases)
    func aCollectionGoesOnWhenWhatItFoundIsTakenAway(moment: Moment) throws {
        let scratch = try Scratch()
        let store = try Store(writing: "\(scratch.path)/s")
        let package = try store.add(scratch.package("a")).package
        let isFile = moment == .beforeItsFileIsRemoved
        let path = store.path + (isFile ? "/packages/.new.1" : "/lease/1.1")
        let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        let isHeld = moment == .afterItsLeaseWasFoundToBeHeld
        let text = Array("\(package.id)\n".utf8)
        #expect(write(file, text, text.count) == text.count)
        #expect(!isHeld || flock(file, LOCK_EX) == 0)
        let locks = Mutex(0)
        let calls = HostCalls(fault: { call in
            // The first is the store's own.
            let isIt =
                switch call {
                case .lock:
                    locks.withLock {
                        $0 += 1; return $0 == 2
                    } && isHeld
                case .remove: !isHeld
                default: false
                }
            if isIt { unlink(path) }
            return nil
        })
        let other = try Store(writing: store.path, calls: calls)
        // What the lease says counts to the collection's end.
        _ = try other.collect(isDry: false) {
            Store.Uses(packages: isHeld ? [:] : [package.id: ["a test"]])
        }
        #expect(try store.packages() == [package])
        #expect(scratch.names("s/packages").count == 1)
        #expect(scratch.names("s/lease").isEmpty)
    }

    @Test(arguments: HostFaults.Kind.allCases)
    func anImportThatFailsAnywhereLeavesAWholeStore(kind: HostFaults.Kind) throws {
        let scratch = try Scratch()
        let path = try scratch.package("a")
        var place = 0
        while true {
            let folder = "\(scratch.path)/s\(place)"
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                _ = try Store(writing: folder, calls: faults.host).add(path)
                // What only tidies up may fail without a word.
            } catch {
                #expect(faults.hasStruck)
            }
            let store = try Store(writing: folder)
            var faulty: [Store.Finding] = []
            try store.verify { if $0.fault != nil { faulty.append($0) } }
            #expect(faulty.isEmpty, "\(kind) at \(place)")
            let again = try store.add(path)
            #expect(try store.packages() == [again.package])
            _ = try store.collect(isDry: false) { Store.Uses() }
            #expect(scratch.names("s\(place)/packages") == [again.package.fileName])
            if !faults.hasStruck { break }
            place += 1
        }
        #expect(place > 10)
    }

    @Test(arguments: HostFaults.Kind.allCases)
    func aCollectionThatFailsAnywhereKeepsWhatIsUsed(kind: HostFaults.Kind) throws {
        let scratch = try Scratch()
        let paths = try ["a", "b", "c", "d"].map { try scratch.package($0) }
        var place = 0
        while true {
            let folder = "\(scratch.path)/s\(place)"
            let made = try Store(writing: folder)
            let used = try made.add(paths[0]).package
            for path in paths.dropFirst() { _ = try made.add(path) }
            let faults = HostFaults(kind, at: place)
            do throws(FileError) {
                let store = try Store(writing: folder, calls: faults.host)
                _ = try store.collect(isDry: false) { Store.Uses(packages: [used.id: ["a test"]]) }
            } catch {
                #expect(faults.hasStruck)
            }
            let store = try Store(writing: folder)
            #expect(try store.has(used), "\(kind) at \(place)")
            _ = try store.collect(isDry: false) { Store.Uses(packages: [used.id: ["a test"]]) }
            #expect(try store.packages() == [used])
            if !faults.hasStruck { break }
            place += 1
        }
        #expect(place > 10)
    }

    @Test(arguments: ["a", "-1.0", "A-1", "a-1%2", "a-1/2", "a-%41"])
    func aNameThatNoPackageHasIsNoPackage(front: String) {
        #expect(StoredPackage(fileName: "\(front).\(ContentID()).pak.zst") == nil)
    }

    @Test(arguments: [true, false])
    func whatOnlyAnotherStoreHasIsTakenAndStaysWhenThatLosesIt(mayLink: Bool) throws {
        let scratch = try Scratch()
        let below = try Store(writing: "\(scratch.path)/below")
        let packages = try ["a", "b"].map { try below.add(scratch.package($0)).package }
        let path = "\(scratch.path)/own"
        _ = try Store(writing: path).add(scratch.package("a"))
        let links = Mutex(0)
        // As the kernel answers a user who links root's file, and a file system without clones.
        let calls = HostCalls(fault: { call in
            guard call == .link else { return nil }
            links.withLock { $0 += 1 }
            return mayLink ? nil : .error(EPERM)
        })
        let own = try Store(writing: path, calls: calls)
        let lease = try own.take(packages, from: [below])
        #expect(links.withLock { $0 } == (mayLink ? 1 : 2))
        func file(_ store: Store) throws -> ino_t {
            var status = stat()
            #expect(stat(store.place(of: packages[1]), &status) == 0)
            return status.st_ino
        }
        #expect(try (file(own) == file(below)) == mayLink)
        _ = try below.collect(isDry: false) { Store.Uses() }
        #expect(try below.packages().isEmpty)
        // And nobody takes it away here for as long as it is held.
        _ = try own.collect(isDry: false) { Store.Uses() }
        #expect(try own.packages() == packages)
        try own.verify { #expect($0.fault == nil) }
        withExtendedLifetime(lease) {}
        let error = #expect(throws: FileError.self) {
            let other = try Store(writing: "\(scratch.path)/other")
            return try other.take(packages, from: [below])
        }
        #expect(error?.kind == .notFound && error?.context?.hasPrefix("package a 1 ") == true)
    }

    @Test(arguments: HostFaults.Kind.allCases, [true, false])
    func aPackageThatIsTakenFromAnotherStoreIsWholeOrNotThere(
        kind: HostFaults.Kind,
        mayLink: Bool
    ) throws {
        let scratch = try Scratch()
        let below = try Store(writing: "\(scratch.path)/below")
        let package = try below.add(scratch.package("a")).package
        var place = 0
        while true {
            let folder = "\(scratch.path)/s\(place)"
            _ = try Store(writing: folder)
            let faults = HostFaults(kind, at: place)
            let calls = HostCalls(fault: { call in
                faults.fault(call) ?? (call == .link && !mayLink ? .error(EXDEV) : nil)
            })
            do throws(FileError) {
                _ = try Store(writing: folder, calls: calls).take([package], from: [below])
                #expect(try Store(writing: folder).has(package))
            } catch {
                #expect(faults.hasStruck)
            }
            let store = try Store(writing: folder)
            try store.verify { #expect($0.fault == nil, "\(kind) at \(place)") }
            _ = try store.collect(isDry: false) { Store.Uses() }
            #expect(scratch.names("s\(place)/packages").isEmpty)
            if !faults.hasStruck { break }
            place += 1
        }
        #expect(place > 5)
    }

    @Test func whereAStoreIsIsSaidOnceForAll() {
        let stack = StoreStack(paths: ["store", "/var/lib/pak", "store"])
        #expect(stack.paths.count == 2)
        #expect(stack.writtenPath.hasPrefix("/") && stack.writtenPath.hasSuffix("/store"))
    }

    @Test func theUsersOwnStoreStandsOverTheMachines() throws {
        let scratch = try Scratch()
        let system = try Store(writing: "\(scratch.path)/var/lib/pak")
        _ = try system.add(scratch.package("a"))
        let stack = try StoreStack(store: "\(scratch.path)/mine", root: scratch.path)
        #expect(stack.writtenPath == "\(scratch.path)/mine")
        let all = try stack.all()
        #expect(all.count == 3)
        #expect(try all.map { try $0.packages().count } == [0, 0, 1])
    }
}
