import FileTree

/// All that a tree holds, with all that has to be equal.
public struct Snapshot: Sendable {
    /// One name.
    public struct Entry: Sendable {
        var mode: Mode
        var uid: UInt32
        var gid: UInt32
        /// When it was changed last; nil for a time of this test's.
        var modified: Timestamp?
        var device: UInt64 = 0
        var target: [UInt8] = []
        var attributes: [[UInt8]: [UInt8]] = [:]
        var bytes: [UInt8] = []
        /// The first name of the same file.
        var first = ""
    }

    /// What may differ.
    public struct Leniency: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The times of directories.
        public static let directoryTimes = Leniency(rawValue: 1)
        /// Times that nobody has set: a file written again as it was may have its old one.
        public static let timesOfNow = Leniency(rawValue: 2)
    }

    private(set) var entries: [String: Entry] = [:]
    private var firsts: [UInt64: String] = [:]

    /// Adds an entry; `identity` is 0 for what has one name.
    ///
    /// Names come in the order of their bytes, so that every tree names the same first one.
    mutating func add(_ path: String, _ entry: Entry, identity: UInt64) {
        var entry = entry
        entry.first = path
        if identity != 0 {
            if let first = firsts[identity] { entry.first = first } else { firsts[identity] = path }
        }
        entries[path] = entry
    }

    /// A time as it is compared: what is later than any that an operation sets is now.
    static func comparable(_ time: Timestamp) -> Timestamp? {
        time.seconds > 1_500_000_000 ? nil : time
    }

    /// What is otherwise than in another, a line each.
    public func differences(from expected: Snapshot, _ leniency: Leniency = []) -> [String] {
        var lines: [String] = []
        for path in Set(entries.keys).union(expected.entries.keys).sorted() {
            switch (entries[path], expected.entries[path]) {
            case (let found?, let wanted?):
                lines += found.differences(from: wanted, leniency).map { "/\(path): \($0)" }
            case (nil, .some): lines.append("/\(path) is missing")
            case (.some, nil): lines.append("/\(path) should not be there")
            case (nil, nil): break
            }
        }
        return lines
    }
}

extension Snapshot.Entry {
    fileprivate func differences(
        from other: Snapshot.Entry,
        _ leniency: Snapshot.Leniency
    ) -> [String] {
        var lines: [String] = []
        func compare<Value: Equatable>(_ what: String, _ found: Value, _ wanted: Value) {
            if found != wanted { lines.append("\(what) is \(found), not \(wanted)") }
        }
        compare("mode", String(mode.rawValue, radix: 8), String(other.mode.rawValue, radix: 8))
        compare("uid", uid, other.uid)
        compare("gid", gid, other.gid)
        compare("device", device, other.device)
        compare("target", target, other.target)
        compare("first name", first, other.first)
        let isLenient =
            mode.type == .directory && leniency.contains(.directoryTimes)
            || other.modified == nil && leniency.contains(.timesOfNow)
        if !isLenient {
            compare("time", text(modified), text(other.modified))
        }
        compare("attributes", attributes, other.attributes)
        if !areEqual(bytes, other.bytes) {
            let place = zip(bytes, other.bytes).enumerated().first { $1.0 != $1.1 }?.offset
            lines.append(
                "\(bytes.count) bytes, not \(other.bytes.count); the first other one at "
                    + "\(place ?? min(bytes.count, other.bytes.count))"
            )
        }
        return lines
    }

    private func text(_ time: Timestamp?) -> String {
        time.map { "\($0.seconds).\($0.nanoseconds)" } ?? "now"
    }
}
