import NineP

/// What a server has done so far, over all conversations, as numbers and as text.
struct Statistics {
    var connections = 0
    var connectionsEver: UInt64 = 0
    var malformed: UInt64 = 0
    var fids = 0
    var waiting = 0
    var receives: UInt64 = 0
    var sends: UInt64 = 0
    var batches: UInt64 = 0
    /// By kind, then by bucket; see `Counters`.
    var times = [UInt64](repeating: 0, count: Counters.kinds * Counters.buckets)

    /// A line a number, then a line a kind of message: name, count, and the times in microseconds
    /// within which half, nine tenths and 99 hundredths of them were answered.
    var text: String {
        var lines = [
            "connections \(connections)",
            "connections-ever \(connectionsEver)",
            "malformed \(malformed)",
            "fids \(fids)",
            "waiting \(waiting)",
            "batches \(batches)",
            "receives \(receives)",
            "sends \(sends)",
        ]
        for kind in 0..<Counters.kinds {
            let counts = times[kind * Counters.buckets..<(kind + 1) * Counters.buckets]
            let total = counts.reduce(0, +)
            guard total > 0 else { continue }
            let limits = [50, 90, 99].map { Self.quantile($0, counts, total) }
            let name = MessageType(rawValue: UInt8(kind * 2)).map(MessageText.name) ?? "unknown"
            lines.append("\(name) \(total) p50 \(limits[0]) p90 \(limits[1]) p99 \(limits[2])")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The upper end, in microseconds, of the bucket that holds this many hundredths.
    private static func quantile(
        _ hundredths: UInt64,
        _ counts: ArraySlice<UInt64>,
        _ total: UInt64
    ) -> String {
        var sum: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            sum += count
            guard sum * 100 >= total * hundredths else { continue }
            let nanoseconds = UInt64(1) << UInt64(bucket)
            return nanoseconds < 1000 ? "0.\(nanoseconds / 100)" : "\(nanoseconds / 1000)"
        }
        return "-"
    }
}
