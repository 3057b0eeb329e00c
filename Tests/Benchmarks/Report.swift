/// What has been measured, as a table and as JSON.
struct Report {
    let rivals: [String]
    var rows: [WireBenchmark.Row] = []

    init(rivals: [String]) { self.rivals = rivals }

    /// A row's figures for one rival: medians over the rounds.
    private struct Figure {
        let rate: Double
        let megabytes: Double
        let processor: Double

        init(_ samples: [Sample]) {
            rate = median(samples.map { Double($0.operations) / $0.seconds })
            megabytes = median(samples.map { Double($0.bytes) / $0.seconds / 1e6 })
            processor = median(samples.map { $0.processor / Double(max(1, $0.operations)) * 1e6 })
        }
    }

    /// The median over rounds of the first rival's rate by that of `other` in the same round.
    private func ratio(_ row: WireBenchmark.Row, to other: Int) -> Double {
        median(
            zip(row.samples[0], row.samples[other]).map {
                (Double($0.operations) / $0.seconds) / (Double($1.operations) / $1.seconds)
            }
        )
    }

    var table: String {
        var lines: [String] = []
        var head = pad("case", 14) + pad("depth", 6)
        for name in rivals { head += pad("\(name) op/s", 16) + pad("MB/s", 8) + pad("us/op", 8) }
        for name in rivals.dropFirst() { head += pad("\(rivals[0])/\(name)", 12) }
        lines.append(head)
        for row in rows {
            var line = pad(row.name.rawValue, 14) + pad("\(row.depth)", 6)
            for samples in row.samples {
                let figure = Figure(samples)
                line += pad("\(Int(figure.rate))", 16)
                line += pad(figure.megabytes > 0 ? "\(Int(figure.megabytes))" : "-", 8)
                line += pad(fixed(figure.processor), 8)
            }
            for other in rivals.indices.dropFirst() {
                line += pad(fixed(ratio(row, to: other)), 12)
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        let items = rows.map { row in
            var fields = ["\"case\":\"\(row.name.rawValue)\"", "\"depth\":\(row.depth)"]
            for (name, samples) in zip(rivals, row.samples) {
                let figure = Figure(samples)
                fields.append(
                    "\"\(name)\":{\"rate\":\(fixed(figure.rate)),"
                        + "\"megabytes\":\(fixed(figure.megabytes)),"
                        + "\"serverMicroseconds\":\(fixed(figure.processor))}"
                )
            }
            for (other, name) in rivals.enumerated().dropFirst() {
                fields.append("\"ratioTo\(name)\":\(fixed(ratio(row, to: other)))")
            }
            return "{\(fields.joined(separator: ","))}"
        }
        return "{\"wire\":[\(items.joined(separator: ","))]}"
    }
}

/// The middle value; of an even count the lower one.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[(sorted.count - 1) / 2]
}

/// A number with two digits behind the point.
func fixed(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}

/// Text in a column.
func pad(_ text: String, _ width: Int) -> String {
    text.count >= width ? text + " " : text + String(repeating: " ", count: width - text.count)
}
