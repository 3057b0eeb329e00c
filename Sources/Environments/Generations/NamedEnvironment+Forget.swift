package import FileTree
import Store

// What there is of generations, and what goes.
extension NamedEnvironment {
    /// The generations that there are, sorted.
    ///
    /// Errors: `.malformed` where the log is damaged.
    package func generations() throws(FileError) -> [Int] {
        try entries().filter(\.line.makesGeneration).map(\.line.current)
    }

    /// Whether a generation is there still, as far as that can be told.
    package func isThere(_ number: Int) -> Bool {
        do throws(FileError) { return try generations().contains(number) } catch {
            return error.kind != .notFound
        }
    }

    /// All generations that there are, sorted, each as it was found.
    ///
    /// `damaged` is told of what may have been others; of itself it throws that. Each is read
    /// once.
    package func each(
        damaged: (FileError) throws(FileError) -> Void = { (error) throws(FileError) in
            throw error
        },
        _ body: (Int, () throws(FileError) -> GenerationRecord) throws(FileError) -> Void
    ) throws(FileError) {
        let log = try log()
        let scan = try log.scan()
        for part in scan.damage { try damaged(at(GenerationScan.error(part))) }
        var reader = GenerationReader(log)
        for entry in scan.entries where entry.line.makesGeneration {
            let number = entry.line.current
            try body(number) { () throws(FileError) in
                do throws(FileError) { return try reader.record(at: entry.at) } catch {
                    throw at(error.at("generation \(number)"))
                }
            }
        }
    }

    /// The generations that are forgotten when the `count` last, the current one and the pinned
    /// are kept.
    ///
    /// Errors: `.malformed` where the log is damaged.
    package func forgettable(keeping count: Int) throws(FileError) -> [Int] {
        Self.forgettable(try history(), keeping: count)
    }

    private static func forgettable(_ history: [GenerationLine], keeping count: Int) -> [Int] {
        let kept = pins(history).union(history.suffix(1).map(\.current))
        let numbers = history.filter(\.makesGeneration).map(\.current)
        return numbers.dropLast(max(0, count)).filter { !kept.contains($0) }
    }

    /// Sees that all generations can be read, and that nobody changes them just now.
    ///
    /// Errors: `.malformed` where anything is damaged, `.busy`; those of reading.
    package func checkWhole() throws(FileError) {
        try locked { () throws(FileError) in
            try each { (_, record) throws(FileError) in _ = try record() }
        }
    }

    /// Forgets all but the `count` last generations, the current one and the pinned, and tells
    /// which.
    ///
    /// `isCollecting` says that it is a part of a collection, which has the store alone. Errors: as
    /// of `forget`.
    package func forget(
        keeping count: Int,
        isCollecting: Bool = false
    ) throws(FileError) -> [Int] {
        try forget(isCollecting) { Self.forgettable($0, keeping: count) }
    }

    /// Forgets generations: their packages are used by them no more.
    ///
    /// The log is written anew without them, and takes the place of the old one; where there is no
    /// room for it, the store's tables make some.
    /// Errors: `.malformed` where the log is damaged: what is written anew has lost it for good.
    package func forget(_ numbers: [Int]) throws(FileError) {
        _ = try forget(false) { _ in numbers }
    }

    private func forget(
        _ isCollecting: Bool,
        _ choose: ([GenerationLine]) -> [Int]
    ) throws(FileError) -> [Int] {
        try locked { () throws(FileError) in
            // Who pins one of them does so before, or is told that it is forgotten.
            let numbers = choose(try history())
            guard !numbers.isEmpty else { return [] }
            let log = try log()
            let write = { () throws(FileError) in
                // A collection that waited for the store would wait for itself.
                var known = PackageNumbers(store, isCollecting: isCollecting)
                let bytes: [UInt8]
                do throws(FileError) { bytes = try log.bytes(without: Set(numbers), &known) } catch
                {
                    throw at(error)
                }
                try calls.replace(Self.logName, in: folder, with: bytes)
                _ = consume known
            }
            do throws(FileError) { try write() } catch {
                // What is written before anything goes gets the room of what can be made again.
                guard [.noSpace, .quota].contains(error.kind), store.removeTables() else {
                    throw error
                }
                try write()
            }
            return numbers
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
            do throws(FileError) { try calls.removeFolder(name, in: all) } catch {
                // A collection beside this took it, or one who makes it anew is in it.
                guard [.notEmpty, .notFound].contains(error.kind) else { throw error }
            }
        }
    }
}
