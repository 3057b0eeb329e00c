package import FileTree
package import Store

// What generations are.
extension NamedEnvironment {
    /// What is current, and its generation.
    ///
    /// - Complexity: that of reading it, however many others there are. Errors: `.notFound`;
    /// `.malformed`.
    package func current() throws(FileError) -> (state: State, record: GenerationRecord) {
        let log = try log()
        let found: (line: GenerationLine, block: GenerationBlock)?
        do throws(FileError) { found = try log.current() } catch { throw at(error) }
        guard let (state, block) = found else {
            throw FileError(.notFound, "environment \(name)")
        }
        do throws(FileError) { return (state, try log.record(of: block)) } catch {
            throw at(error.at("generation \(state.current)"))
        }
    }

    /// A generation.
    ///
    /// - Complexity: that of how it differs from one of those `before`, where it was made of one,
    /// and of looking for it in the log where `places` does not know it. Errors: `.notFound` for a
    /// number that no generation has, or one that was forgotten; `.malformed`.
    package func record(
        _ number: Int,
        before: [GenerationRecord] = [],
        places: GenerationPlaces? = nil
    ) throws(FileError) -> GenerationRecord {
        try reading(number) { (log) throws(FileError) in
            let block: GenerationBlock
            if let state = try log.last()?.line, state.current == number {
                block = try log.block(of: state)
            } else if let places {
                block = try places.block(of: number, in: log)
            } else {
                block = try log.block(of: number)
            }
            return try log.record(of: block, before: before)
        }
    }

    /// The generation that is current in a state.
    ///
    /// - Complexity: that of reading it, however many others there are; of how it differs from
    /// one of those `before`, where it was made of one. Errors: as of `record`.
    package func record(
        _ state: State,
        before: [GenerationRecord] = []
    ) throws(FileError) -> GenerationRecord {
        try reading(state.current) { (log) throws(FileError) in
            try log.record(of: log.block(of: state), before: before)
        }
    }

    /// All lines of the log, each with the command of the generation that it made and that is there;
    /// `damaged` is told of what is no line, or no generation.
    package func told(
        damaged: (FileError) -> Void
    ) throws(FileError) -> [(line: GenerationLine, command: String?)] {
        let log = try log()
        let scan = try log.scan()
        for part in scan.damage { damaged(at(GenerationScan.error(part))) }
        return scan.entries.map { entry in
            guard entry.line.makesGeneration else { return (entry.line, nil) }
            do throws(FileError) {
                return (entry.line, try log.block(at: entry.at).command)
            } catch {
                damaged(at(error.at("generation \(entry.line.current)")))
                return (entry.line, nil)
            }
        }
    }

    /// The generation of a number, or the latest whose identity begins with these digits, eight or
    /// more; nil where no identity does.
    ///
    /// Errors: `.notFound` for a number that no generation has; `.malformed` where no identity
    /// does, but something in the log is damaged.
    package func find(
        _ words: String,
        before: [GenerationRecord] = []
    ) throws(FileError) -> GenerationRecord? {
        if words.utf8.count < 8, let number = Int(words) {
            return try record(number, before: before)
        }
        let log = try log()
        do throws(FileError) {
            let scan = try log.scan()
            var damage: FileError?
            for entry in scan.entries.reversed() where entry.line.makesGeneration {
                let block: GenerationBlock
                do throws(FileError) { block = try log.block(at: entry.at) } catch {
                    guard error.kind == .malformed else { throw error }
                    damage = error
                    continue
                }
                if block.hash.hasPrefix(words) {
                    return try log.record(of: block, before: before)
                }
            }
            if let damage { throw damage }
            _ = try scan.sound()
            return nil
        } catch { throw at(error) }
    }

    /// Whether a generation that was read before is still there, and where it was.
    ///
    /// - Complexity: that of reading it, but for the packages.
    package func has(_ record: GenerationRecord) -> Bool {
        guard let place = record.place, let block = try? log().block(at: place.at) else {
            // What cannot be read is read again by who wants it, and complained of.
            return false
        }
        return record.isSaid(by: block)
    }

    /// The generation that another was made of; nil for the first, and where it was forgotten.
    ///
    /// Errors: as of `record`.
    package func parent(of record: GenerationRecord) throws(FileError) -> GenerationRecord? {
        guard record.parent > 0 else { return nil }
        // Others may have been forgotten meanwhile: then it is elsewhere.
        if let found = try? log().parent(of: record) { return found }
        do throws(FileError) { return try self.record(record.parent) } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    func reading<T>(
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

    /// What becomes of packages when another generation takes the place of the current one, which
    /// need not be whole.
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
            var block = try log.block(of: state)
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
}
