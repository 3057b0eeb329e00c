import Archive
import CSteps
import Environments
import FileTree
import Glibc
import Store
import Testing
import Watched

/// Whole commands that are killed after any of their system calls: what such a command leaves is
/// what the store's folder holds at that time.
@Suite(.unwatched, .serialized) struct CrashTests {
    /// The folder of a store after each call that changed it, each once.
    private final class Moments {
        let scratch: Scratch
        private(set) var folders: [String] = []
        private var last = ""
        var failure: (any Error)?

        init(_ scratch: Scratch) { self.scratch = scratch }

        func keep() {
            do {
                let state = Self.state(of: scratch("store"))
                guard state != last else { return }
                last = state
                let name = "moment\(folders.count)"
                try Self.copy(scratch("store"), to: scratch(name))
                folders.append(scratch(name))
            } catch {
                failure = failure ?? error
            }
        }

        /// Names, lengths and times of all that is there.
        private static func state(of path: String) -> String {
            var status = stat()
            guard lstat(path, &status) == 0 else { return "" }
            let (changed, size) = (status.st_mtim, status.st_size)
            var text = "\(path) \(status.st_ino) \(size) \(changed.tv_sec).\(changed.tv_nsec)\n"
            if status.st_mode & S_IFMT == S_IFDIR {
                for name in Scratch.names(in: path) { text += state(of: "\(path)/\(name)") }
            }
            return text
        }

        private static func copy(_ path: String, to other: String) throws {
            var status = stat()
            try #require(lstat(path, &status) == 0)
            if status.st_mode & S_IFMT == S_IFDIR {
                try #require(mkdir(other, 0o700) == 0)
                for name in Scratch.names(in: path) {
                    try copy("\(path)/\(name)", to: "\(other)/\(name)")
                }
                return
            }
            let from = open(path, O_RDONLY | O_CLOEXEC)
            let to = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            defer {
                close(from)
                close(to)
            }
            try #require(from >= 0 && to >= 0)
            while sendfile(to, from, nil, 1 << 20) > 0 {}
        }
    }

    /// Runs a command; the folders that it would have left, killed.
    private func moments(_ scratch: Scratch, _ words: [String]) throws -> [String] {
        let all = [Program.pak.path] + words
        let store = ["--store", scratch("store"), "--root", scratch("system")]
        var arguments: [UnsafeMutablePointer<CChar>?] = (all + store).map { strdup($0) } + [nil]
        // A sanitizer that looks for leaks as well traces the program itself.
        let environment = ["HOME=\(scratch.path)", "ASAN_OPTIONS=detect_leaks=0"]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for word in arguments + variables { free(word) } }
        let moments = Moments(scratch)
        moments.keep()
        let status = steps_run(
            Program.pak.path,
            &arguments,
            &variables,
            { context in
                guard let context else { return }
                Unmanaged<Moments>.fromOpaque(context).takeUnretainedValue().keep()
            },
            Unmanaged.passUnretained(moments).toOpaque()
        )
        try #require(status >= 0, "no program can be stopped here")
        #expect(status == 0, "\(words)")
        if let failure = moments.failure { throw failure }
        return moments.folders
    }

    /// What is current in a store that a killed command left, once all of it was found whole.
    private func current(_ folder: String) throws -> GenerationRecord {
        let store = try Store(writing: folder)
        var faults: [String] = []
        try store.verify { finding in
            if let fault = finding.fault { faults.append("\(finding.package.name): \(fault)") }
        }
        #expect(faults == [], "\(folder)")
        let finder = EnvironmentFinder(stores: [store])
        let environment = try finder.environment("main")
        let record = try environment.record(environment.state().current)
        for package in record.text.packages { _ = try finder.path(of: package) }
        let shown = try StoredEnvironment("main", finder).current
        #expect(shown.record == record)
        return record
    }

    private func prepared() throws -> Scratch {
        let scratch = try Scratch()
        try EnvironmentTests.makePackages(scratch)
        _ = try EnvironmentTests.pak(scratch, ["import", scratch("c-3.deb")])
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-1.deb")])
        return scratch
    }

    /// Runs the same command in what one that was killed has left.
    private func finish(_ scratch: Scratch, _ folder: String, _ words: [String]) throws {
        let store = ["--store", folder, "--root", scratch("system")]
        let outcome = try Program.pak.run(words + store)
        #expect(outcome.status == 0, "\(folder): \(outcome.complaints)")
    }

    @Test(
        arguments: [
            ["add", "b-2.deb"], ["add", "a-1.0-2.deb", "b-2.deb"], ["switch", "1"], ["rollback"],
            ["rm", "a"],
        ]
    )
    func aChangeThatIsKilledAnywhereIsMadeOrNot(words: [String]) throws {
        let scratch = try prepared()
        let old = try current(scratch("store"))
        let command = words.map { $0.hasSuffix(".deb") ? scratch($0) : $0 }
        let folders = try moments(scratch, command)
        let new = try current(scratch("store"))
        #expect(new.text != old.text)
        var texts: [EnvironmentText] = []
        for (number, folder) in folders.enumerated() {
            let record = try current(folder)
            #expect([old.text, new.text].contains(record.text), "\(folder)")
            texts.append(record.text)
            // Every few the command is run again: it goes on from whatever there is.
            guard record.text == old.text, number % 4 == 1 else { continue }
            try finish(scratch, folder, command)
            #expect(try current(folder).text == new.text, "\(folder)")
        }
        // First the old state, and from some call on the new one.
        #expect(texts.first == old.text && texts.last == new.text)
        #expect(texts == texts.sorted { $0 == old.text && $1 != old.text })
    }

    @Test func aCollectionThatIsKilledAnywhereKeepsWhatIsUsed() throws {
        let scratch = try prepared()
        _ = try EnvironmentTests.pak(scratch, ["add", scratch("a-1.0-2.deb"), scratch("b-2.deb")])
        // What somebody was making when he was killed.
        try scratch.shell("echo half >store/packages/.new.1; echo x >store/lease/1.1")
        let old = try current(scratch("store"))
        let folders = try moments(scratch, ["gc", "--keep", "1"])
        #expect(folders.count > 3)
        for folder in folders {
            #expect(try current(folder) == old)
            let packages = try Store(reading: folder).packages()
            #expect(packages.count(where: { $0.name == "b" }) == 1)
        }
        try finish(scratch, folders[folders.count / 2], ["gc", "--keep", "1"])
        let packages = try Store(reading: folders[folders.count / 2]).packages()
        #expect(packages.map { "\($0.name) \($0.version)" } == ["a 1.0-2", "b 2"])
        #expect(!Scratch.names(in: scratch("store/packages")).contains(".new.1"))
    }
}
