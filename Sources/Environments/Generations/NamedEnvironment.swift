import Archive
package import FileTree
import Glibc
package import Store

/// An environment of a store: its generations, and which of them is current.
///
///     envs/NAME/g/N    generations, see `GenerationRecord`
///     envs/NAME/log    which is current, see `GenerationLine`
///     envs/NAME/lock   held by who changes it
///
/// A change writes two files: `g/N.new`, which becomes `g/N` on storage before anything names it,
/// and a line of the log. Killed anywhere, the old state or the new one is current.
package struct NamedEnvironment: Sendable {
    /// Its name.
    package let name: String
    /// Where it is.
    package let store: Store
    private let folder: HostDescriptor
    private var calls: HostCalls { store.calls }

    private static let logName = "log"
    private static let lockName = "lock"
    private static let generationsName = "g"

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
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        guard PackageName.isLegal(name), name != ViewName.control, let top = store.folder else {
            throw FileError(.invalid, "\(name): not a name for an environment")
        }
        let calls = store.calls
        let all = try calls.openFolder(Store.environmentsName, in: top)
        try Self.make(name, in: all, calls)
        try self.init(name, in: store)
        try Self.make(Self.generationsName, in: folder, calls)
        try calls.syncNames(all)
        try locked { () throws(FileError) in
            guard try last() == nil else { throw FileError(.exists, "environment \(name)") }
            let first = GenerationRecord(
                number: 1,
                parent: 0,
                time: time,
                command: "env create \(name)",
                text: text
            )
            let generations = try calls.openFolder(Self.generationsName, in: folder)
            try calls.replace("1", in: generations, with: first.bytes)
            let log = try calls.lockFile(Self.logName, in: folder)
            try calls.syncNames(folder)
            let line = GenerationLine(line: 1, current: 1, last: 1, time: time, word: "create")
            try GenerationLog(log, calls).append(line, at: 0)
        }
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
                // Made by halves, or gone meanwhile.
                guard [.notFound, .notDirectory].contains(error.kind) else { throw error }
            }
        }
        return names.sorted()
    }

    /// The path of its folder, in which the log grows with every change.
    package var path: String { "\(store.path)/\(Store.environmentsName)/\(name)" }

    private func last() throws(FileError) -> (line: GenerationLine, end: UInt64)? {
        let log: HostDescriptor
        do throws(FileError) {
            log = try calls.open(Self.logName, in: folder, writable: false)
        } catch {
            if error.kind == .notFound { return nil }
            throw error.at("environment \(name)")
        }
        return try GenerationLog(log, calls).last()
    }

    /// What is current.
    package func state() throws(FileError) -> State {
        guard let last = try last() else { throw FileError(.notFound, "environment \(name)") }
        return last.line
    }

    /// All lines of the log.
    package func history() throws(FileError) -> [GenerationLine] {
        let log = try calls.open(Self.logName, in: folder, writable: false)
        return try GenerationLog(log, calls).lines()
    }

    /// The generations that are kept whatever is collected.
    package func pins() throws(FileError) -> Set<Int> {
        try history().reduce(into: []) { pins, line in
            if line.word == "pin" { pins.insert(line.argument) }
            if line.word == "unpin" { pins.remove(line.argument) }
        }
    }

    /// A generation.
    ///
    /// Errors: `.notFound` for a number that no generation has, or one that was forgotten;
    /// `.malformed`.
    package func record(_ number: Int) throws(FileError) -> GenerationRecord {
        do throws(FileError) {
            let generations = try calls.openFolder(Self.generationsName, in: folder)
            let limit = GenerationRecord.limit
            let record = try GenerationRecord(
                calls.bytes("\(number)", in: generations, limit: limit)
            )
            guard record.number == number else { throw .malformed("it is \(record.number)") }
            return record
        } catch {
            let place = "environment \(name): generation \(number)"
            // What is missing is the generation: its file's name would say it twice.
            throw error.kind == .notFound ? FileError(.notFound, place) : error.at(place)
        }
    }

    /// Makes a new generation of the current one, and makes it current.
    ///
    /// `state` is what the change was made for. Errors: `.busy` when another change is being made
    /// or has been since; those of writing, and then all is as before.
    package func commit(
        _ text: EnvironmentText,
        roots: [String],
        command: String,
        word: String,
        over state: State,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) -> GenerationRecord {
        try change(over: state) { (log, end) throws(FileError) in
            let record = GenerationRecord(
                number: state.last + 1,
                parent: state.current,
                time: time,
                command: command,
                roots: roots,
                text: text
            )
            let generations = try calls.openFolder(Self.generationsName, in: folder)
            // One of that number that no line names is a killed process's.
            try calls.replace("\(record.number)", in: generations, with: record.bytes)
            let line = GenerationLine(
                line: state.line + 1,
                current: record.number,
                last: record.number,
                time: time,
                word: word
            )
            try log.append(line, at: end)
            return record
        }
    }

    /// Makes a generation that there is current, or writes another word about one to the log.
    ///
    /// Errors: as of `commit`.
    package func note(
        _ word: String,
        current: Int? = nil,
        argument: Int = 0,
        over state: State,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        try change(over: state) { (log, end) throws(FileError) in
            let line = GenerationLine(
                line: state.line + 1,
                current: current ?? state.current,
                last: state.last,
                time: time,
                word: word,
                argument: argument
            )
            try log.append(line, at: end)
        }
    }

    private func change<T>(
        over state: State,
        _ body: (GenerationLog, UInt64) throws(FileError) -> T
    ) throws(FileError) -> T {
        try locked { () throws(FileError) in
            let file = try calls.open(Self.logName, in: folder, writable: true)
            let log = GenerationLog(file, calls)
            let last = try log.last()
            guard let last, last.line == state else {
                let now = last?.line.current ?? 0
                throw FileError(
                    .busy,
                    "environment \(name): changed meanwhile, generation \(now) is current"
                )
            }
            return try body(log, last.end)
        }
    }

    private func locked<T>(_ body: () throws(FileError) -> T) throws(FileError) -> T {
        let lock = try calls.lockFile(Self.lockName, in: folder)
        defer { withExtendedLifetime(lock) {} }
        do throws(FileError) { try calls.lock(lock, shared: false) } catch {
            guard error.kind == .busy else { throw error }
            throw FileError(.busy, "environment \(name): another command is changing it")
        }
        return try body()
    }

    /// The generations that there are files of, sorted.
    package func generations() throws(FileError) -> [Int] {
        let generations = try calls.openFolder(Self.generationsName, in: folder)
        let last = try state().last
        return try calls.names(in: generations)
            .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
            .filter { $0 <= last }.sorted()
    }

    /// The generations that are forgotten when the `count` last, the current one and the pinned
    /// are kept.
    package func forgettable(keeping count: Int) throws(FileError) -> [Int] {
        let state = try state()
        let kept = try pins().union([state.current])
        return try generations().dropLast(max(0, count)).filter { !kept.contains($0) }
    }

    /// Forgets generations: their packages are used by them no more.
    package func forget(_ numbers: [Int]) throws(FileError) {
        try locked { () throws(FileError) in
            let current = try state().current
            let generations = try calls.openFolder(Self.generationsName, in: folder)
            for number in numbers where number != current {
                try calls.remove("\(number)", in: generations)
            }
        }
    }

    /// Removes the environment with all its generations.
    package func delete() throws(FileError) {
        guard let top = store.folder else { return }
        try locked { () throws(FileError) in
            let all = try calls.openFolder(Store.environmentsName, in: top)
            // From then on it is not there, whatever remains of it.
            try calls.remove(Self.logName, in: folder)
            try calls.syncNames(folder)
            let generations = try calls.openFolder(Self.generationsName, in: folder)
            for file in try calls.names(in: generations) {
                try calls.remove(String(decoding: file, as: UTF8.self), in: generations)
            }
            try calls.removeFolder(Self.generationsName, in: folder)
            try calls.remove(Self.lockName, in: folder)
            try calls.removeFolder(name, in: all)
        }
    }
}
