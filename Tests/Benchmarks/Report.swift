/// What has been measured, as tables and as JSON.
struct Report {
    var rivals: [String] = []
    var rows: [WireBenchmark.Row] = []
    var unions: [UnionBenchmark.Row] = []
    var imports: [ImportBenchmark.Row] = []
    var growths: [GrowthBenchmark.Row] = []
    var captures: [CaptureBenchmark.Row] = []
    var exports: [ExportBenchmark.Row] = []
    var memory: MemoryBenchmark.Figures?
    /// What is done through mounts, and to commands in views.
    var mounts: [(name: String, table: MountTable)] = []

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

    /// The steps of a union with their samples, in nanoseconds.
    private static let steps: [(name: String, times: @Sendable (UnionBenchmark.Row) -> [Double])] =
        [
            ("walk hit", { $0.hit }), ("walk miss", { $0.miss }), ("open+read", { $0.read }),
            ("readdir a name", { $0.list }),
        ]

    /// The median over rounds of a step's time with most packages by that with one.
    private func growth(_ times: (UnionBenchmark.Row) -> [Double]) -> Double {
        guard let first = unions.first, let last = unions.last else { return 0 }
        return median(zip(times(last), times(first)).map { $0 / $1 })
    }

    var table: String {
        ([
            wireTable, unionTable, growthTable, captureTable, exportTable, importTable, memoryTable,
        ] + mounts.map(\.table.lines)).filter { !$0.isEmpty }
            .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private var wireTable: [String] {
        guard !rows.isEmpty else { return [] }
        var head = pad("case", 12) + pad("depth", 6)
        for name in rivals { head += pad("\(name)/s", 13) + pad("MB/s", 6) + pad("us/op", 9) }
        for name in rivals.dropFirst() { head += pad("x \(name)", 12) }
        return [head]
            + rows.map { row in
                var line = pad(row.name.rawValue, 12) + pad("\(row.depth)", 6)
                for samples in row.samples {
                    let figure = Figure(samples)
                    line += pad("\(Int(figure.rate))", 13)
                    line += pad(figure.megabytes > 0 ? "\(Int(figure.megabytes))" : "-", 6)
                    line += pad(fixed(figure.processor), 9)
                }
                for other in rivals.indices.dropFirst() {
                    line += pad(fixed(ratio(row, to: other)), 12)
                }
                return line
            }
    }

    private var unionTable: [String] {
        guard !unions.isEmpty else { return [] }
        var head = pad("packages", 10) + pad("open ms", 10) + pad("build ms", 10)
        head += pad("map ms", 10)
        for step in Self.steps { head += pad(step.name + " ns", 20) }
        var lines = [head]
        for row in unions {
            var line = pad("\(row.packages)", 10)
            for time in [row.open, row.build, row.mapAgain] { line += pad(fixed(time / 1e6), 10) }
            for step in Self.steps { line += pad(fixed(median(step.times(row))), 20) }
            lines.append(line)
        }
        var line = pad("t(1000)/t(1)", 40)
        for step in Self.steps { line += pad(fixed(growth(step.times)), 20) }
        return lines + [line]
    }

    /// The median over rounds of a step's time with a thousand packages by that with one.
    private func growth(_ row: GrowthBenchmark.Row) -> Double {
        median(
            zip(row.one, row.thousand).map {
                ($0.rate / max($1.rate, .leastNonzeroMagnitude))
            }
        )
    }

    private var growthTable: [String] {
        guard !growths.isEmpty else { return [] }
        return [
            pad("over 9P, depth 1", 18) + pad("us, 1 package", 16) + pad("us, 1,000", 16)
                + pad("t(1000)/t(1)", 14)
        ]
            + growths.map { row in
                pad(row.name, 18) + pad(fixed(median(row.one.map { 1e6 / $0.rate })), 16)
                    + pad(fixed(median(row.thousand.map { 1e6 / $0.rate })), 16)
                    + pad(fixed(growth(row)), 14)
            }
    }

    private var importTable: [String] {
        guard !imports.isEmpty else { return [] }
        return [pad("step", 22) + pad("entries", 10) + pad("seconds", 10) + pad("MB/s", 10)]
            + imports.map { row in
                pad(row.name, 22) + pad("\(row.entries)", 10) + pad(fixed(row.seconds), 10)
                    + pad(fixed(Double(row.bytes) / row.seconds / 1e6), 10)
            }
    }

    private var captureTable: [String] {
        guard !captures.isEmpty else { return [] }
        return [
            pad("change of a lower tree", 26) + pad("", 16) + pad("ms", 10) + pad("least", 10)
                + pad("stored bytes", 14)
        ]
            + captures.map { row in
                pad(row.step, 26) + pad(row.name, 16) + pad(fixed(median(row.times)), 10)
                    + pad(fixed(row.times.min() ?? 0), 10)
                    + pad(row.stored.map { "\($0)" } ?? "-", 14)
            }
    }

    private var exportTable: [String] {
        guard !exports.isEmpty else { return [] }
        return [pad("export", 34) + pad("ms", 10) + pad("least", 10) + pad("MB/s", 10)]
            + exports.map { row in
                let time = median(row.times)
                return pad(row.name, 34) + pad(fixed(time * 1e3), 10)
                    + pad(fixed((row.times.min() ?? 0) * 1e3), 10)
                    + pad(fixed(Double(row.bytes) / time / 1e6), 10)
            }
    }

    private var memoryTable: [String] {
        guard let memory else { return [] }
        return [
            "1,000 packages, 1,000,000 files: first start \(fixed(memory.firstStart)) s, "
                + "next \(fixed(memory.nextStart)) s, "
                + "\(fixed(Double(memory.anonymous) / 1024)) MiB anonymous, "
                + "\(fixed(Double(memory.resident) / 1024)) MiB resident with mapped pages"
        ]
    }

    var json: String {
        var parts = ["\"wire\":[\(rows.map(wireJSON).joined(separator: ","))]"]
        let unions = self.unions.map { row in
            var fields = ["\"packages\":\(row.packages)", "\"openMs\":\(fixed(row.open / 1e6))"]
            fields.append("\"buildMs\":\(fixed(row.build / 1e6))")
            fields.append("\"mapMs\":\(fixed(row.mapAgain / 1e6))")
            for step in Self.steps {
                fields.append("\"\(step.name) ns\":\(fixed(median(step.times(row))))")
            }
            return "{\(fields.joined(separator: ","))}"
        }
        parts.append("\"union\":[\(unions.joined(separator: ","))]")
        let growths = Self.steps.map { "\"\($0.name)\":\(fixed(growth($0.times)))" }
        if !unions.isEmpty { parts.append("\"growth\":{\(growths.joined(separator: ","))}") }
        if !self.growths.isEmpty {
            let steps = self.growths.map { "\"\($0.name)\":\(fixed(growth($0)))" }
            parts.append("\"growthOver9P\":{\(steps.joined(separator: ","))}")
        }
        let captures = self.captures.map {
            "{\"step\":\"\($0.step)\",\"of\":\"\($0.name)\",\"ms\":\(fixed(median($0.times))),"
                + "\"stored\":\($0.stored ?? 0)}"
        }
        parts.append("\"capture\":[\(captures.joined(separator: ","))]")
        let exports = self.exports.map {
            "{\"export\":\"\($0.name)\",\"bytes\":\($0.bytes),\"ms\":\(fixed(median($0.times) * 1e3))}"
        }
        parts.append("\"export\":[\(exports.joined(separator: ","))]")
        let imports = self.imports.map {
            "{\"step\":\"\($0.name)\",\"entries\":\($0.entries),\"bytes\":\($0.bytes),"
                + "\"seconds\":\(fixed($0.seconds))}"
        }
        parts.append("\"import\":[\(imports.joined(separator: ","))]")
        if let memory {
            parts.append(
                "\"memory\":{\"firstStart\":\(fixed(memory.firstStart)),"
                    + "\"nextStart\":\(fixed(memory.nextStart)),"
                    + "\"anonymousKiB\":\(memory.anonymous),\"residentKiB\":\(memory.resident)}"
            )
        }
        parts += mounts.map { "\"\($0.name)\":\($0.table.json)" }
        return "{\(parts.joined(separator: ","))}"
    }

    private func wireJSON(_ row: WireBenchmark.Row) -> String {
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
            fields.append("\"ratioTo \(name)\":\(fixed(ratio(row, to: other)))")
        }
        return "{\(fields.joined(separator: ","))}"
    }
}
