import Archive
package import FileTree
import Glibc
package import Store

/// An environment of a store: its generations, and which of them is current.
///
///     envs/NAME/log    all of it, see `GenerationLine` and `GenerationBlock`
///     envs/NAME/lock   held by who changes it
///
/// A change is one write at the log's end: how the new generation differs from the one before, and
/// a line that makes it current. Killed anywhere, the old state or the new one is current.
package struct NamedEnvironment: Sendable {
    /// Its name.
    package let name: String
    /// Where it is.
    package let store: Store
    private let folder: HostDescriptor
    private var calls: HostCalls { store.calls }

    private static let logName = "log"
    private static let lockName = "lock"
    private static let newName = "log.new"

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
        // A server knows other things by these two.
        let isFree = ![ViewName.control, EnvironmentSource.unnamed].contains(name)
        guard PackageName.isLegal(name), isFree, let top = store.folder else {
            throw FileError(.invalid, "\(name): not a name for an environment")
        }
        let calls = store.calls
        let all = try calls.openFolder(Store.environmentsName, in: top)
        try Self.make(name, in: all, calls)
        try self.init(name, in: store)
        try calls.syncNames(all)
        try locked { () throws(FileError) in
            guard try last() == nil else { throw FileError(.exists, "environment \(name)") }
            let first = GenerationRecord(
                number: 1,
                parent: 0,
                time: time,
                command: "env create \(name)",
                roots: roots,
                text: text
            )
            let log = try calls.lockFile(Self.logName, in: folder)
            try calls.syncNames(folder)
            let line = GenerationLine(line: 1, current: 1, last: 1, time: time, word: "create")
            let block = first.written(at: 0, over: nil)
            try GenerationLog(log, calls).append((line.making(block.place), block.bytes), at: 0)
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

    private func log() throws(FileError) -> GenerationLog {
        do throws(FileError) {
            return GenerationLog(
                try calls.open(Self.logName, in: folder, writable: false),
                calls
            )
        } catch {
            throw error.at("environment \(name)")
        }
    }

    private func last() throws(FileError) -> (line: GenerationLine, end: UInt64)? {
        do throws(FileError) { return try log().last() } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    /// What is current.
    package func state() throws(FileError) -> State {
        guard let last = try last() else { throw FileError(.notFound, "environment \(name)") }
        return last.line
    }

    /// All lines of the log.
    package func history() throws(FileError) -> [GenerationLine] {
        try log().entries().map(\.line)
    }

    /// The generations that are kept whatever is collected.
    package func pins() throws(FileError) -> Set<Int> { Self.pins(try history()) }

    private static func pins(_ history: [GenerationLine]) -> Set<Int> {
        history.reduce(into: []) { pins, line in
            if line.word == "pin" { pins.insert(line.argument) }
            if line.word == "unpin" { pins.remove(line.argument) }
        }
    }

    /// A generation.
    ///
    /// Errors: `.notFound` for a number that no generation has, or one that was forgotten;
    /// `.malformed`.
    package func record(_ number: Int) throws(FileError) -> GenerationRecord {
        try reading(number) { (log) throws(FileError) in
            let state = try log.last()?.line
            if let state, state.current == number { return try log.record(at: state.at) }
            guard let entry = try log.entries().first(where: { $0.line.makes(number) }) else {
                throw FileError(.notFound)
            }
            return try log.record(at: entry.at)
        }
    }

    /// The generation that is current in a state.
    ///
    /// - Complexity: that of reading it, however many others there are. Errors: as of `record`.
    package func record(_ state: State) throws(FileError) -> GenerationRecord {
        let found = try reading(state.current) { (log) throws(FileError) -> GenerationRecord? in
            do throws(FileError) {
                let record = try log.record(at: state.at)
                return record.number == state.current ? record : nil
            } catch {
                // Others were forgotten meanwhile: it is elsewhere.
                guard try log.last()?.line.at != state.at else { throw error }
                return nil
            }
        }
        if let found { return found }
        return try record(state.current)
    }

    /// Whether a generation that was read before is still there, and where it was.
    ///
    /// - Complexity: that of reading it, but for the packages.
    package func has(_ record: GenerationRecord) -> Bool {
        guard let place = record.place, let block = try? log().block(at: place.at) else {
            // What cannot be read is read again by who wants it, and complained of.
            return false
        }
        return block.number == record.number && block.hash == record.hash
    }

    /// The generation that another was made of; nil for the first.
    ///
    /// Errors: as of `record`.
    package func parent(of record: GenerationRecord) throws(FileError) -> GenerationRecord? {
        guard record.parent > 0 else { return nil }
        // Others may have been forgotten meanwhile: then it is elsewhere.
        if let found = try? log().parent(of: record) { return found }
        return try self.record(record.parent)
    }

    private func reading<T>(
        _ number: Int,
        _ body: (GenerationLog) throws(FileError) -> T
    ) throws(FileError) -> T {
        do throws(FileError) { return try body(log()) } catch {
            // What is missing says itself what it is, where it is not this one.
            if error.kind == .notFound, error.context != nil {
                throw error.at("environment \(name)")
            }
            throw error.at("environment \(name): generation \(number)")
        }
    }

    /// What becomes of packages when the generation that is `steps` before the current one takes
    /// its place.
    ///
    /// - Complexity: that of the differences, however many packages there are. Errors: `.notFound`
    /// with the generation that is the first, or was forgotten.
    package func step(back steps: Int, from state: State) throws(FileError) -> GenerationStep {
        try reading(state.current) { (log) throws(FileError) in
            try GenerationStep(from: state, back: steps, in: log)
        }
    }

    /// What becomes of packages when another generation takes the place of the current one.
    ///
    /// - Complexity: that of the differences where one was made of the other. Errors: as of
    /// `record`.
    package func step(to number: Int, from state: State) throws(FileError) -> GenerationStep {
        try reading(number) { (log) throws(FileError) in
            try GenerationStep(from: state, to: number, in: log)
        }
    }

    /// The generation that a package has been in since, up to the current one, and the command
    /// that made it; what was forgotten is not asked.
    ///
    /// Errors: as of `record`.
    package func origin(
        of package: StoredPackage,
        in state: State
    ) throws(FileError) -> (number: Int, command: String) {
        try reading(state.current) { (log) throws(FileError) -> (number: Int, command: String) in
            var block = try log.block(at: state.at)
            while let place = block.parentAt {
                if block.base?.at == place {
                    if try block.content().packages.contains(package) { break }
                } else {
                    let before = try log.record(at: place).text.packages
                    if !before.contains(package) { break }
                }
                block = try log.block(at: place)
            }
            return (block.number, block.command)
        }
    }

    /// Makes a new generation of the current one, and makes it current.
    ///
    /// `state` is what the change was made for, `record` its generation where that is known.
    /// Errors: `.busy` when another change is being made or has been since; those of writing, and
    /// then all is as before.
    package func commit(
        _ text: EnvironmentText,
        roots: [String],
        command: String,
        word: String,
        over state: State,
        _ record: GenerationRecord? = nil,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) -> GenerationRecord {
        var parent = record
        if parent == nil { parent = try self.record(state) }
        return try change(over: state) { (log, end) throws(FileError) in
            var record = GenerationRecord(
                number: state.last + 1,
                parent: state.current,
                time: time,
                command: command,
                roots: roots,
                text: text
            )
            record.parentAt = parent?.place?.at
            let block = record.written(at: Int(end), over: parent)
            record.place = block.place
            let line = GenerationLine(
                line: state.line + 1,
                current: record.number,
                last: record.number,
                time: time,
                word: word
            ).making(block.place)
            try log.append((line, block.bytes), at: end)
            return record
        }
    }

    /// Makes a generation that there is current.
    ///
    /// Errors: as of `commit`.
    package func note(
        _ word: String,
        _ step: GenerationStep,
        over state: State,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        try note(word, step.number, at: step.at, over: state, time)
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
        if let current, current != state.current {
            return try note(word, step(to: current, from: state), over: state, time: time)
        }
        try note(word, state.current, at: state.at, argument, over: state, time)
    }

    private func note(
        _ word: String,
        _ current: Int,
        at place: Int,
        _ argument: Int = 0,
        over state: State,
        _ time: Int64
    ) throws(FileError) {
        try change(over: state) { (log, end) throws(FileError) in
            var line = GenerationLine(
                line: state.line + 1,
                current: current,
                last: state.last,
                time: time,
                word: word,
                argument: argument
            )
            line.at = place
            try log.append((line, []), at: end)
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

    /// The generations that there are, sorted.
    package func generations() throws(FileError) -> [Int] {
        try log().entries().filter { $0.line.length > 0 }.map(\.line.current)
    }

    /// All generations that there are, sorted, each as it was found.
    package func each(
        _ body: (Int, () throws(FileError) -> GenerationRecord) throws(FileError) -> Void
    ) throws(FileError) {
        let log = try log()
        for entry in try log.entries() where entry.line.length > 0 {
            let number = entry.line.current
            try body(number) { () throws(FileError) in
                do throws(FileError) { return try log.record(at: entry.at) } catch {
                    throw error.at("environment \(name): generation \(number)")
                }
            }
        }
    }

    /// The generations that are forgotten when the `count` last, the current one and the pinned
    /// are kept.
    package func forgettable(keeping count: Int) throws(FileError) -> [Int] {
        let history = try history()
        let kept = Self.pins(history).union(history.suffix(1).map(\.current))
        let numbers = history.filter { $0.length > 0 }.map(\.current)
        return numbers.dropLast(max(0, count)).filter { !kept.contains($0) }
    }

    /// Forgets generations: their packages are used by them no more.
    ///
    /// The log is written anew without them, and takes the place of the old one.
    package func forget(_ numbers: [Int]) throws(FileError) {
        let numbers = Set(numbers)
        guard !numbers.isEmpty else { return }
        try locked { () throws(FileError) in
            let bytes = try log().bytes(without: numbers)
            try calls.replace(Self.logName, in: folder, with: bytes)
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
            // One that was being written when its writer was killed.
            if try calls.status(Self.newName, in: folder) != nil {
                try calls.remove(Self.newName, in: folder)
            }
            try calls.remove(Self.lockName, in: folder)
            try calls.removeFolder(name, in: all)
        }
    }
}
