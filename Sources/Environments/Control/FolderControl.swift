import FileTree
import UnionTree

extension FolderEnvironment {
    /// What the control tree has of a folder as of an environment of a store: its packages and rules
    /// are changed in the folder alone.
    ///
    /// In a view that has the control tree in itself the view itself is not in there again.
    package func controlEntries(
        inView: Bool
    ) -> [(name: String, entry: ControlTree.Entry)] {
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            (
                "gen",
                .file { [self] in
                    let now = state
                    return "\(now.number) \(now.hash)\n"
                }
            ),
            ("folder", .file { [self] in "\(folder)\n" }),
            ("pkg", PackageLinks(self, at: "env/\(name)/pkg").entry),
            ("rules", .file { [self] in state.rules.lines.map { $0 + "\n" }.joined() }),
        ]
        if !inView {
            entries.append(
                (
                    "root",
                    .root { [self] () throws(FileError) in try live(ViewOptions()).root }
                )
            )
        }
        return entries
    }
}
