import Archive
import FileTree

/// The packages that the file `known` of a store gives numbers.
///
///     NUMBER CID NAME VERSION SUM
///
/// A line for each package, and each line twice with an empty one between: a byte that is damaged
/// costs nothing. No number is given a second time, so what is read once holds.
struct KnownPackages {
    private struct Line {
        var number: Int
        var id: ContentID
        /// The words between the number and the sum.
        var words: Range<Int>
        /// What they say, once that was asked for.
        var package: StoredPackage?
    }

    private let bytes: [UInt8]
    /// In the order of their numbers.
    private var lines: [Line] = []
    /// How many lines are damaged, of one package both or one.
    private(set) var damaged = 0
    /// Where the last line ends: what stands behind it is torn.
    private(set) var end = 0

    /// Reads the lines of a file.
    init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
        var last: Range<Int>?
        bytes.withUnsafeBytes { bytes in
            while let end = LineEnd.next(in: bytes, from: end) {
                let line = self.end..<end
                self.end = end + 1
                if line.isEmpty { continue }
                if let known = last, bytes[known].elementsEqual(bytes[line]) {
                    last = nil
                    continue
                }
                let part = UnsafeRawBufferPointer(rebasing: bytes[line])
                var reader = WordReader(part)
                guard LineSum.isRight(part), let number = reader.number(),
                    let digits = reader.word(), let id = ContentID(digits: digits),
                    let base = bytes.baseAddress, let first = digits.baseAddress
                else {
                    damaged += 1
                    continue
                }
                last = line
                if lines.last?.number == number { continue }
                let words = (first - base)..<(line.upperBound - 17)
                lines.append(Line(number: number, id: id, words: words))
            }
        }
        // They are, but for what was written beside damage.
        let isSorted = zip(lines, lines.dropFirst()).allSatisfy { $0.number < $1.number }
        if !isSorted { lines.sort { $0.number < $1.number } }
    }

    /// The packages of numbers, in their order; nil where one of them is not known.
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
        guard low < lines.count, lines[low].number == number else { return nil }
        if let known = lines[low].package { return known }
        lines[low].package = StoredPackage(words: bytes[lines[low].words])
        return lines[low].package
    }

    /// The numbers of packages, and the lines that are to be added for those that had none.
    mutating func numbers(of packages: [StoredPackage]) -> (numbers: [Int], new: [UInt8]) {
        var known: [ContentID: Int] = [:]
        known.reserveCapacity(lines.count)
        for line in lines { known[line.id] = line.number }
        // Each that is damaged may have been one of those behind the last.
        var next = (lines.last?.number ?? 0) + damaged + 1
        var (numbers, new): ([Int], [UInt8]) = ([], [])
        numbers.reserveCapacity(packages.count)
        for package in packages {
            if let number = known[package.id], self.package(numbered: number) == package {
                numbers.append(number)
                continue
            }
            known[package.id] = next
            numbers.append(next)
            Self.write(package, next, to: &new)
            next += 1
        }
        return (numbers, new)
    }

    /// The lines without those that neither their number nor their package keeps; the last stays,
    /// behind which numbers go on.
    mutating func bytes(keeping isKept: (Int, ContentID) -> Bool) -> [UInt8] {
        var kept: [UInt8] = []
        for (place, line) in lines.enumerated()
        where place == lines.count - 1 || isKept(line.number, line.id) {
            guard let package = package(numbered: line.number) else { continue }
            Self.write(package, line.number, to: &kept)
        }
        return kept
    }

    private static func write(_ package: StoredPackage, _ number: Int, to lines: inout [UInt8]) {
        var line = Array("\(number) ".utf8)
        package.write(to: &line)
        line.append(UInt8(ascii: " "))
        line += line.withUnsafeBytes { LineSum.of($0) }
        line.append(UInt8(ascii: "\n"))
        lines += line + [UInt8(ascii: "\n")] + line
    }
}
