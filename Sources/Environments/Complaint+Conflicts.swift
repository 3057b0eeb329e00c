import FileTree
package import Terminal
package import UnionTree

extension Complaint {
    /// Tells all conflicts at once, each with its sides and, as `wayOut` spells them, the ways out.
    ///
    /// `count` makes the complaint of how many there are, in words.
    package init(
        _ conflicts: [Conflict],
        _ count: (String) -> String,
        _ wayOut: (String) -> String
    ) {
        let number = conflicts.count == 1 ? "1 conflict" : "\(conflicts.count) conflicts"
        self.init(count("\(number) between packages"))
        for conflict in conflicts {
            // The last line has the ways out in the words of the library.
            details += conflict.description.parts(at: "\n").dropLast().map(String.init)
            details.append("    try: " + conflict.waysOut.map(wayOut).joined(separator: " | "))
        }
    }
}
