/// The subordinate ids that /etc/subuid and /etc/subgid give a user; see subuid(5).
public enum SubordinateIDs {
    /// The ranges of these lines that are the user's, by name or by number.
    static func ranges(in text: String, name: String?, number: UInt32) -> [Range<UInt32>] {
        var ranges: [Range<UInt32>] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]),
                fields[0] == "\(number)" || name.map({ fields[0] == $0 }) ?? false,
                count > 0, first.addingReportingOverflow(count).overflow == false
            else { continue }
            ranges.append(first..<first + count)
        }
        return ranges
    }
}
