import Archive
package import FileTree
import Glibc
package import Store

/// An environment of a store: its generations, and which of them is current.
///
///     envs/NAME/log    all of it, see `GenerationLine` and `GenerationBlock`
///     envs/NAME/lock   held by who changes it
///     known            numbers of packages, where the log has very many, of all environments
///
/// A change is one write at the log's end: how the new generation differs from the one before, and
/// a line that makes it current; where packages have no numbers that it needs, those come first.
/// Killed anywhere, the old state or the new one is current.
package struct NamedEnvironment: Sendable {
    /// Its name.
    package let name: String
    /// Where it is.
    package let store: Store
    let folder: HostDescriptor
    var calls: HostCalls { store.calls }

    static let logName = "log"
    static let lockName = "lock"
    static let newName = "log.new"

    /// What is current, as the last line of the log says.
    package typealias State = GenerationLine

    /// Finds the environment of a name.
    ///
    /// Errors: `.notFound` where there is none, or one that was never finished.
    package init(_ name: String, in store: Store) throws(FileError) {
        guard PackageName.isLegal(name), let top = store.folder else {
            throw FileError(.notFound, "environment \(name)")
        }
        do throws(FileError) {
            let all = try store.calls.openFolder(Store.environmentsName, in: top)
            folder = try store.calls.openFolder(name, in: all)
        } catch {
            guard error.kind == .notFound else { throw error.at("environment \(name)") }
            throw FileError(.notFound, "environment \(name)")
        }
        self.name = name
        self.store = store
    }

    /// Makes an environment of a first generation.
    ///
    /// Errors: `.exists`; those of writing.
    package init(
        making name: String,
        in store: Store,
        _ text: EnvironmentText = EnvironmentText(),
        roots: [String] = [],
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        try self.init(unfinished: name, in: store)
        _ = try begin([Self.first(name, text, roots, time)])
    }

    /// Makes an environment of a first generation, of no packages or those of `origin`, and of
    /// another that `word` made of it, at once: killed anywhere, both are there or no environment.
    ///
    /// Gives the second. Errors: as of `init`.
    package static func make(
        _ name: String,
        in store: Store,
        as origin: GenerationRecord,
        _ text: EnvironmentText,
        roots: [String],
        command: String,
        word: String,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) -> GenerationRecord {
        let second = GenerationRecord(
            number: 2,
            parent: 1,
            time: time,
            command: command,
            roots: roots,
            text: text
        )
        let made = try NamedEnvironment(unfinished: name, in: store)
        return try made.begin([first(name, origin.text, origin.roots, time), (second, word)])
    }

    private static func first(
        _ name: String,
        _ text: EnvironmentText,
        _ roots: [String],
        _ time: Int64
    ) -> (record: GenerationRecord, word: String) {
        let record = GenerationRecord(
            number: 1,
            parent: 0,
            time: time,
            command: "env create \(name)",
            roots: roots,
            text: text
        )
        return (record, "create")
    }

    /// Makes the folder of an environment that has no generation so far.
    private init(unfinished name: String, in store: Store) throws(FileError) {
        // A server knows other things by these two.
        let isFree = ![ViewName.control, EnvironmentSource.unnamed].contains(name)
        guard PackageName.isLegal(name), isFree, let top = store.folder else {
            throw FileError(.invalid, "\(name): not a name for an environment")
        }
        let calls = store.calls
        let all = try calls.openFolder(Store.environmentsName, in: top)
        try Self.make(name, in: all, calls)
        do throws(FileError) { try self.init(name, in: store) } catch {
            guard error.kind == .notFound else { throw error }
            throw Self.removed(name)
        }
        try calls.syncNames(all)
    }

    /// Writes the first generations, and gives the last.
    private func begin(
        _ generations: [(record: GenerationRecord, word: String)]
    ) throws(FileError) -> GenerationRecord {
        do throws(FileError) {
            return try locked { () throws(FileError) in
                guard try self.last() == nil else {
                    throw FileError(.exists, "environment \(name)")
                }
                var numbers = PackageNumbers(store)
                let (bytes, last) = try Self.log(of: generations, &numbers)
                // All of it or nothing has the name: a log without a whole line is a damaged one.
                try calls.replace(Self.logName, in: folder, with: bytes)
                _ = consume numbers
                return last
            }
        } catch {
            guard error.kind == .notFound else { throw error }
            throw Self.removed(name)
        }
    }

    /// What is told of one that was taken for one that nobody finishes: see `removeUnfinished`.
    private static func removed(_ name: String) -> FileError {
        FileError(.busy, "environment \(name): removed while it was made")
    }

    /// A log of generations, of which each was made of the one before, and the last of them.
    private static func log(
        of generations: [(record: GenerationRecord, word: String)],
        _ numbers: inout PackageNumbers
    ) throws(FileError) -> ([UInt8], GenerationRecord) {
        var bytes: [UInt8] = []
        var last = generations[0].record
        for (record, word) in generations {
            let parent = record.parent > 0 ? last : nil
            last = record
            last.parentAt = parent?.place?.at
            let block = try last.written(at: bytes.count, over: parent, &numbers)
            last.place = block.place
            let number = record.number
            bytes += GenerationLine(
                line: number,
                current: number,
                last: number,
                time: record.time,
                word: word
            ).making(block.place).bytes(behind: block.block)
        }
        return (bytes, last)
    }

    private static func make(
        _ name: String,
        in folder: HostDescriptor,
        _ calls: HostCalls
    ) throws(FileError) {
        do throws(FileError) { try calls.makeFolder(name, in: folder) } catch {
            guard error.kind == .exists else { throw error }
        }
    }

    /// The names of all environments of a store, sorted.
    package static func names(in store: Store) throws(FileError) -> [String] {
        guard let top = store.folder else { return [] }
        let calls = store.calls
        let all: HostDescriptor
        do throws(FileError) {
            all = try calls.openFolder(Store.environmentsName, in: top)
        } catch {
            if error.kind == .notFound { return [] }
            throw error
        }
        var names: [String] = []
        for bytes in try calls.names(in: all) {
            let name = String(decoding: bytes, as: UTF8.self)
            guard PackageName.isLegal(name) else { continue }
            do throws(FileError) {
                if try NamedEnvironment(name, in: store).last() != nil { names.append(name) }
            } catch {
                // Made by halves, or gone meanwhile; a damaged one is there.
                guard ![.notFound, .notDirectory].contains(error.kind) else { continue }
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// The path of its folder, in which the log grows with every change.
    package var path: String { "\(store.path)/\(Store.environmentsName)/\(name)" }

    func log() throws(FileError) -> GenerationLog {
        do throws(FileError) {
            return GenerationLog(
                try calls.open(Self.logName, in: folder, writable: false),
                in: store
            )
        } catch {
            throw error.at("environment \(name)")
        }
    }

    private func last() throws(FileError) -> (line: GenerationLine, end: UInt64)? {
        do throws(FileError) { return try log().last() } catch {
            if error.kind == .notFound { return nil }
            throw error.kind == .malformed ? error.at("environment \(name)") : error
        }
    }

    /// What is current.
    package func state() throws(FileError) -> State {
        guard let last = try last() else { throw FileError(.notFound, "environment \(name)") }
        return last.line
    }

    /// All lines of the log.
    ///
    /// Errors: `.malformed` where it is damaged, whatever is current.
    package func history() throws(FileError) -> [GenerationLine] {
        try entries().map(\.line)
    }

    /// All lines with their places.
    ///
    /// Errors: `.malformed` where there is something else between them.
    func entries() throws(FileError) -> [GenerationScan.Entry] {
        let log = try log()
        do throws(FileError) { return try log.entries() } catch { throw at(error) }
    }

    /// The error of this environment.
    func at(_ error: FileError) -> FileError { error.at("environment \(name)") }

    /// The generations that these lines keep whatever is collected.
    package static func pins(_ history: [GenerationLine]) -> Set<Int> {
        history.reduce(into: []) { pins, line in
            if line.word == "pin" { pins.insert(line.argument) }
            if line.word == "unpin" { pins.remove(line.argument) }
        }
    }
}

extension NamedEnvironment {
    /// Removes what is there of environments of which the first generation was never written.
    ///
    /// Who makes one just now has its lock, or finds that it is gone.
    package static func removeUnfinished(in store: Store) throws(FileError) {
        guard let top = store.folder else { return }
        let calls = store.calls
        let all = try calls.openFolder(Store.environmentsName, in: top)
        for bytes in try calls.names(in: all) {
            let name = String(decoding: bytes, as: UTF8.self)
            guard PackageName.isLegal(name) else { continue }
            do throws(FileError) {
                let environment = try NamedEnvironment(name, in: store)
                guard try environment.isEmpty() else { continue }
                try environment.locked { () throws(FileError) in
                    guard try environment.isEmpty() else { return }
                    for file in [logName, newName, lockName]
                    where try calls.status(file, in: environment.folder) != nil {
                        try calls.remove(file, in: environment.folder)
                    }
                    try calls.removeFolder(name, in: all)
                }
            } catch {
                let isOthers = [.busy, .notFound, .notDirectory, .notEmpty].contains(error.kind)
                guard isOthers else { throw error }
            }
        }
    }

    private func isEmpty() throws(FileError) -> Bool {
        try store.calls.status(Self.logName, in: folder)?.size ?? 0 == 0
    }
}
