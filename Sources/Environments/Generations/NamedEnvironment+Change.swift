package import FileTree
import Glibc
import Store

// What is added to the log.
extension NamedEnvironment {
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
            var numbers = PackageNumbers(store)
            let block = try record.written(at: Int(end), over: parent, &numbers)
            record.place = block.place
            let line = GenerationLine(
                line: state.line + 1,
                current: record.number,
                last: record.number,
                time: time,
                word: word
            ).making(block.place)
            try log.append((line, block.block), at: end)
            _ = consume numbers
            return record
        }
    }

    /// Makes a generation that there is current.
    ///
    /// Errors: as of `commit`; `.notFound` where it was forgotten meanwhile.
    package func note(
        _ word: String,
        _ step: GenerationStep,
        over state: State,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        try note(word, step.number, from: step.at, over: state, time)
    }

    /// Makes a generation that was read current.
    ///
    /// Errors: as of `commit`; `.notFound` where it was forgotten meanwhile.
    package func note(
        _ word: String,
        _ record: GenerationRecord,
        over state: State,
        time: Int64 = Int64(Glibc.time(nil))
    ) throws(FileError) {
        try note(word, record.number, from: record.place?.at ?? 0, over: state, time)
    }

    /// Makes a generation that there is current, or writes another word about one to the log.
    ///
    /// Errors: as of `commit`; `.notFound` where one was forgotten meanwhile.
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
        try note(word, state.current, from: state.at, argument, over: state, time)
    }

    /// Keeps a generation whatever is collected, or no longer.
    ///
    /// Errors: as of `commit` and `record`.
    package func pin(_ number: Int, _ isKept: Bool) throws(FileError) {
        _ = try record(number)
        try note(isKept ? "pin" : "unpin", argument: number, over: state())
    }

    private func note(
        _ word: String,
        _ current: Int,
        from place: Int,
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
            do throws(FileError) {
                // Where it was found may be wrong by now: others are forgotten without a word in
                // the last line where what is current lies before them.
                line.at = try log.place(of: current, from: place)
            } catch { throw at(error.at("generation \(current)")) }
            if word == "pin" {
                do throws(FileError) { _ = try log.place(of: argument) } catch {
                    throw at(error.at("generation \(argument)"))
                }
            }
            try log.append((line, []), at: end)
        }
    }

    private func change<T>(
        over state: State,
        _ body: (GenerationLog, UInt64) throws(FileError) -> T
    ) throws(FileError) -> T {
        try locked { () throws(FileError) in
            let file: HostDescriptor
            do throws(FileError) {
                file = try calls.open(Self.logName, in: folder, writable: true)
            } catch { throw deleted(error) }
            let log = GenerationLog(file, in: store)
            let last = try log.last()
            guard let last, last.line == state else {
                throw Self.changed(name, last?.line)
            }
            return try body(log, last.end)
        }
    }

    /// What is told where another change was faster.
    static func changed(_ name: String, _ now: State?) -> FileError {
        let number = now?.current ?? 0
        return FileError(
            .busy,
            "environment \(name): changed meanwhile, generation \(number) is current"
        )
    }

    func locked<T>(_ body: () throws(FileError) -> T) throws(FileError) -> T {
        let lock: HostDescriptor
        do throws(FileError) { lock = try calls.lockFile(Self.lockName, in: folder) } catch {
            throw deleted(error)
        }
        defer { withExtendedLifetime(lock) {} }
        do throws(FileError) { try calls.lock(lock, shared: false) } catch {
            guard error.kind == .busy else { throw error }
            throw FileError(.busy, "environment \(name): another command is changing it")
        }
        return try body()
    }

    /// What is told of a file that was there when the environment was found.
    private func deleted(_ error: FileError) -> FileError {
        guard error.kind == .notFound else { return error }
        return FileError(.notFound, "environment \(name): deleted meanwhile")
    }
}
