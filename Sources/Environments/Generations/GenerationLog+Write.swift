import FileTree
import Store

// What is written: a line more, or the whole anew.
extension GenerationLog {
    /// Adds a line and the block in front of it behind the last whole line, which ends at `end`,
    /// and puts them on storage.
    ///
    /// When it throws, what there is of them is cut off, or torn. Where storage refuses the
    /// bytes and then the cut, too, all of it may be there: who reads the log before the next
    /// change takes it for current, and whether it is after a crash is not known.
    func append(
        _ entry: (line: GenerationLine, block: [UInt8]),
        at end: UInt64
    ) throws(FileError) {
        if try calls.status(file).size > end { try calls.resize(file, to: end) }
        do throws(FileError) {
            let bytes = entry.line.bytes(behind: entry.block)
            guard end + UInt64(bytes.count) <= Self.limit else {
                throw FileError(.tooBig, "log: \(end) bytes")
            }
            try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
                try calls.write(file, bytes, at: end)
            }
            try calls.syncBytes(file)
        } catch {
            // What is left of it is as it is said above; the error is the one that came first.
            try? calls.resize(file, to: end)
            throw error
        }
    }

    /// The log without generations; the lines that name them stay.
    ///
    /// Errors: as of `entries` and `record`; those of writing, as `known` gives numbers to packages.
    func bytes(
        without numbers: Set<Int>,
        _ known: inout PackageNumbers
    ) throws(FileError) -> [UInt8] {
        let entries = try entries()
        let numbers = numbers.subtracting(entries.suffix(1).map(\.line.current))
        var bytes: [UInt8] = []
        var places: [Int: GenerationPlace] = [:]
        var last: GenerationRecord?
        var reader = GenerationReader(self)
        for entry in entries {
            var line = entry.line
            var block: [UInt8] = []
            if line.makesGeneration, !numbers.contains(line.current) {
                var record = try reader.record(at: entry.at)
                var base = last
                if let place = places[record.parent], let old = record.parentAt {
                    base = try reader.record(at: old)
                    base?.place = place
                }
                record.parentAt = places[record.parent]?.at
                let new = try record.written(at: bytes.count, over: base, &known)
                record.place = new.place
                places[record.number] = new.place
                (line, block) = (line.making(new.place), new.block)
                last = record
            } else {
                line.length = 0
                line.at = places[line.current]?.at ?? 0
            }
            bytes += line.bytes(behind: block)
        }
        return bytes
    }
}
