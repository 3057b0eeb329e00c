import Archive
import FileTree

/// The packages that lines of a store's files of numbers give numbers.
///
///     NUMBER CID NAME VERSION SUM
///
/// Lines are only added; each stands in two files, `known` and `known.copy`.
struct KnownPackages {
    private struct Line {
        var number: Int
        /// The line without its end.
        var place: Range<Int>
        /// What it says, once that was asked for.
        var package: StoredPackage?
    }

    /// No number is larger, so that words of numbers can be read.
    static let numberLimit = 1 << 40

    private var bytes: [UInt8] = []
    /// In the order of their numbers, of which each may be there more than once.
    private var lines: [Line] = []
    /// The numbers by the packages' ids, once somebody has asked for them.
    private var ids: [ContentID: Int]?

    init() {}

    /// Reads the lines of a file.
    ///
    /// - Complexity: that of finding where lines end; a line is looked at when its number is asked
    /// for.
    init(_ bytes: [UInt8]) { add(bytes) }

    /// Adds what another file has.
    mutating func add(_ new: [UInt8]) {
        let base = bytes.count
        bytes += new
        ids = nil
        bytes.withUnsafeBytes { bytes in
            var start = base
            while let end = LineEnd.next(in: bytes, from: start) {
                defer { start = end + 1 }
                var reader = WordReader(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                guard let number = reader.number(), number < Self.numberLimit else { continue }
                lines.append(Line(number: number, place: start..<end))
            }
        }
        let isSorted = zip(lines, lines.dropFirst()).allSatisfy { $0.number <= $1.number }
        if !isSorted { lines.sort { $0.number < $1.number } }
    }

    /// The packages of numbers, in their order; nil where one of them has no line that is whole.
    mutating func packages(numbered numbers: [Int]) -> [StoredPackage]? {
        var packages: [StoredPackage] = []
        packages.reserveCapacity(numbers.count)
        for number in numbers {
            guard let package = package(numbered: number) else { return nil }
            packages.append(package)
        }
        return packages
    }

    private mutating func package(numbered number: Int) -> StoredPackage? {
        var (low, high) = (0, lines.count)
        while low < high {
            let middle = (low + high) / 2
            if lines[middle].number < number { low = middle + 1 } else { high = middle }
        }
        while low < lines.count, lines[low].number == number {
            if let known = lines[low].package { return known }
            lines[low].package = Self.package(bytes[lines[low].place])
            low += lines[low].package == nil ? 1 : 0
        }
        return nil
    }

    /// What a line says; nil for one that is damaged.
    private static func package(_ line: ArraySlice<UInt8>) -> StoredPackage? {
        guard line.withUnsafeBytes({ LineSum.isRight($0) }),
            let space = line.firstIndex(of: UInt8(ascii: " ")), space < line.endIndex - 17
        else { return nil }
        return StoredPackage(words: line[(space + 1)..<(line.endIndex - 17)])
    }

    /// The numbers of packages, and the lines that are to be added for those that had none.
    ///
    /// The lines are here afterwards, too. Errors: `.tooBig` where there are no more numbers.
    mutating func number(
        _ packages: [StoredPackage]
    ) throws(FileError) -> (numbers: [Int], new: [UInt8]) {
        var known = ids ?? Self.ids(lines, bytes)
        ids = nil
        var next = (lines.last?.number ?? 0) + 1
        var (numbers, new): ([Int], [UInt8]) = ([], [])
        numbers.reserveCapacity(packages.count)
        for package in packages {
            if let number = known[package.id], self.package(numbered: number) == package {
                numbers.append(number)
                continue
            }
            guard next < Self.numberLimit else { throw FileError(.tooBig, "numbers of packages") }
            known[package.id] = next
            numbers.append(next)
            Self.write(package, next, to: &new)
            next += 1
        }
        if !new.isEmpty { add(new) }
        ids = known
        return (numbers, new)
    }

    private static func ids(_ lines: [Line], _ bytes: [UInt8]) -> [ContentID: Int] {
        var ids: [ContentID: Int] = [:]
        ids.reserveCapacity(lines.count)
        bytes.withUnsafeBytes { bytes in
            for line in lines {
                var reader = WordReader(UnsafeRawBufferPointer(rebasing: bytes[line.place]))
                guard reader.number() != nil, let digits = reader.word() else { continue }
                if let id = ContentID(digits: digits) { ids[id] = line.number }
            }
        }
        return ids
    }

    private static func write(_ package: StoredPackage, _ number: Int, to lines: inout [UInt8]) {
        var line = Array("\(number) ".utf8)
        package.write(to: &line)
        line.append(UInt8(ascii: " "))
        line += line.withUnsafeBytes { LineSum.of($0) }
        lines += line
        lines.append(UInt8(ascii: "\n"))
    }
}

extension KnownPackages {
    /// The lines of a file that are whole.
    struct Sound {
        /// By their numbers, each with its end.
        var lines: [Int: ArraySlice<UInt8>] = [:]
        /// How many are damaged.
        var damaged = 0
        /// Where the last line ends, damaged or not; what stands behind it is torn.
        var end = 0

        init(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { all in
                while let next = LineEnd.next(in: all, from: end) {
                    let line = bytes[end..<next]
                    var reader = WordReader(UnsafeRawBufferPointer(rebasing: all[end..<next]))
                    end = next + 1
                    guard let number = reader.number(), number < KnownPackages.numberLimit,
                        KnownPackages.package(line) != nil
                    else {
                        damaged += 1
                        continue
                    }
                    lines[number] = bytes[line.startIndex..<end]
                }
            }
        }

        /// The lines that these have and others lack, in the order of their numbers.
        func lines(besides others: Sound) -> [UInt8] {
            let more = lines.keys.filter { others.lines[$0] == nil }
            return more.sorted().flatMap { lines[$0] ?? [] }
        }
    }
}
