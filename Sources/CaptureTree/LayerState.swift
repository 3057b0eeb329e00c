import FileTree

/// What a layer's records come to.
struct LayerState: ~Copyable {
    let id: UInt64
    /// The next serial to be given.
    var next = Serial(number: 2)
    var objects: [Serial: Serial] = [:]
    var isSealed = false
    var rules = Rules.defaults
    var reads: [[UInt8]] = []
    /// Records that change nothing for anyone, applied already: they go to the log with the next.
    var pending: [Record] = []

    init(id: UInt64) { self.id = id }

    mutating func apply(_ record: Record) {
        switch record {
        case .sealed: isSealed = true
        case .unsealed: isSealed = false
        case .read(let path): reads.append(path)
        case .rule(let line):
            // A line that this version cannot read says nothing to it.
            if let rule = try? Rules.Rule(line: line) { rules.append(rule) }
        case .reset(let next):
            self.next = next
            objects = [:]
        default: break
        }
    }
}
