/// Ascending numbers as a word: for each run of them how many are left out before it, and how many
/// it has but one.
///
/// Of such a count each letter has five bits, the lowest first, and a sixth where there are more: a
/// thousand packages that came in a row take three letters, any thousand of ten thousand some two
/// thousand.
enum NumberRuns {
    /// The most numbers that a word may stand for.
    static let limit = 1 << 22
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    /// The word for numbers, each larger than the one before.
    static func word(_ numbers: [Int]) -> String {
        var word: [UInt8] = []
        var (next, start) = (0, 0)
        while start < numbers.count {
            var end = start + 1
            while end < numbers.count, numbers[end] == numbers[end - 1] + 1 { end += 1 }
            add(numbers[start] - next, to: &word)
            add(end - start - 1, to: &word)
            next = numbers[end - 1] + 1
            start = end
        }
        return String(decoding: word, as: UTF8.self)
    }

    private static func add(_ count: Int, to word: inout [UInt8]) {
        var left = count
        while left > 31 {
            word.append(letters[left & 31 | 32])
            left >>= 5
        }
        word.append(letters[left])
    }

    /// The numbers that a word stands for; nil for one that nothing is written as.
    static func numbers(_ word: String) -> [Int]? {
        var word = Array(word.utf8)[...]
        var numbers: [Int] = []
        var next = 0
        while !word.isEmpty {
            guard let skipped = count(&word), let more = count(&word),
                more < limit - numbers.count, next + skipped + more < 1 << 41
            else { return nil }
            next += skipped
            numbers += next...(next + more)
            next += more + 1
        }
        return numbers
    }

    private static func count(_ word: inout ArraySlice<UInt8>) -> Int? {
        var (count, shift) = (0, 0)
        while shift < 40, let letter = word.popFirst(), let value = value(letter) {
            count |= (value & 31) << shift
            if value < 32 { return count }
            shift += 5
        }
        return nil
    }

    private static func value(_ letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(letter) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(letter) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(letter) - 48 + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
