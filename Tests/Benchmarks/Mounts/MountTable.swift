/// Figures of contenders in rounds, to be shown as medians.
struct MountTable {
    /// What is measured once a round.
    struct Cell {
        let subject: String
        let contender: String
        let step: String
        var values: [Double] = []
    }

    /// What the subjects are: a number of packages, an archive.
    let title: String
    /// The steps in their order, with their units.
    let steps: [String]
    /// What is to be known of how it was measured.
    let note: String?
    private(set) var cells: [Cell] = []

    init(_ title: String, _ steps: [String], note: String? = nil) {
        self.title = title
        self.note = note
        self.steps = steps
    }

    mutating func add(_ subject: String, _ contender: String, _ step: String, _ value: Double) {
        let known = cells.firstIndex {
            $0.subject == subject && $0.contender == contender && $0.step == step
        }
        if let known {
            cells[known].values.append(value)
        } else {
            cells.append(
                Cell(subject: subject, contender: contender, step: step, values: [value])
            )
        }
    }

    private func values(_ subject: String, _ contender: String, _ step: String) -> [Double]? {
        cells.first {
            $0.subject == subject && $0.contender == contender && $0.step == step
        }?.values
    }

    /// The middle of a cell's values.
    func figure(_ subject: String, _ contender: String, _ step: String) -> Double? {
        values(subject, contender, step).map(median)
    }

    /// The middle, over rounds, of what the last subject costs by what the first does.
    private func growth(
        from first: String,
        to last: String,
        _ contender: String,
        _ step: String
    ) -> Double? {
        guard let a = values(first, contender, step), let b = values(last, contender, step) else {
            return nil
        }
        return median(zip(b, a).map { $0 / $1 })
    }

    private func order(_ key: (Cell) -> String) -> [String] {
        var seen: Set<String> = []
        return cells.map(key).filter { seen.insert($0).inserted }
    }

    /// A line a subject and contender; then what more subjects cost, the last by the first.
    var lines: [String] {
        guard !cells.isEmpty else { return [] }
        let (subjects, contenders) = (order(\.subject), order(\.contender))
        let width = max(16, (contenders.map(\.count).max() ?? 0) + 2)
        var lines = [pad(title, 14) + pad("", width) + steps.map { pad($0, 16) }.joined()]
        for subject in subjects {
            for contender in contenders {
                let cells = steps.map { step in
                    pad(figure(subject, contender, step).map(fixed) ?? "-", 16)
                }
                guard cells.contains(where: { !$0.hasPrefix("-") }) else { continue }
                lines.append(pad(subject, 14) + pad(contender, width) + cells.joined())
            }
        }
        for contender in contenders {
            guard let first = subjects.first, let last = subjects.last, first != last else { break }
            let cells = steps.map { step in
                pad(growth(from: first, to: last, contender, step).map(fixed) ?? "-", 16)
            }
            lines.append(pad("\(last)/\(first)", 14) + pad(contender, width) + cells.joined())
        }
        return lines + [note].compactMap(\.self)
    }

    var json: String {
        let cells = self.cells.map {
            "{\"of\":\"\($0.subject)\",\"by\":\"\($0.contender)\",\"step\":\"\($0.step)\","
                + "\"median\":\(fixed(median($0.values))),\"rounds\":\($0.values.count)}"
        }
        return "[\(cells.joined(separator: ","))]"
    }
}
