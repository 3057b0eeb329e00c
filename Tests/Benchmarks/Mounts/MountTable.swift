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
    private(set) var cells: [Cell] = []

    init(_ title: String, _ steps: [String]) {
        self.title = title
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

    /// The middle of a cell's values.
    func figure(_ subject: String, _ contender: String, _ step: String) -> Double? {
        cells.first {
            $0.subject == subject && $0.contender == contender && $0.step == step
        }.map { median($0.values) }
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
        guard let first = subjects.first, let last = subjects.last, first != last else {
            return lines
        }
        for contender in contenders {
            let cells = steps.map { step in
                let (a, b) = (figure(first, contender, step), figure(last, contender, step))
                return pad(a.flatMap { a in b.map { fixed($0 / a) } } ?? "-", 16)
            }
            lines.append(pad("\(last)/\(first)", 14) + pad(contender, width) + cells.joined())
        }
        return lines
    }

    var json: String {
        let cells = self.cells.map {
            "{\"of\":\"\($0.subject)\",\"by\":\"\($0.contender)\",\"step\":\"\($0.step)\","
                + "\"median\":\(fixed(median($0.values))),\"rounds\":\($0.values.count)}"
        }
        return "[\(cells.joined(separator: ","))]"
    }
}
