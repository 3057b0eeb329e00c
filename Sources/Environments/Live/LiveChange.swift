package import FileTree
import UnionTree

/// That a live tree shows another state than before, for those who keep what they have seen.
package struct LiveChange: Sendable {
    private let old: LiveTree.State
    private let new: LiveTree.State

    init(from old: LiveTree.State, to new: LiveTree.State) {
        self.old = old
        self.new = new
    }

    /// A name of a directory that stands for something else than before.
    package struct Name: Sendable, Hashable {
        /// The name.
        package var name: [UInt8]
        /// The qid's path of the file that it stood for and stands for, with other attributes;
        /// nil where it is another's name now, or nobody's, or was nobody's.
        package var file: UInt64?
    }

    /// What has changed in a directory of the tree, whichever state it was walked to in.
    ///
    /// Where a state cannot be read, all that the other has counts as changed. It takes a listing
    /// of the directory in both states, but where both have one package's directory.
    package func names(in directory: any Directory) -> [Name] {
        guard let live = directory as? LiveDirectory else { return [] }
        // What cannot be found or listed is as if it had nothing.
        let (was, now) = (try? old.directory(at: live.path), try? new.directory(at: live.path))
        if let was, let now, UnionTree.areOne(was, now) { return [] }
        var before = (try? Self.list(was)) ?? [:]
        let after = (try? Self.list(now)) ?? [:]
        var changed: [Name] = []
        for (name, now) in after {
            guard let was = before.removeValue(forKey: name) else {
                changed.append(Name(name: name, file: nil))
                continue
            }
            let isSame = was.stat.qid.path == now.stat.qid.path
            if isSame, was == now { continue }
            changed.append(Name(name: name, file: isSame ? now.stat.qid.path : nil))
        }
        changed += before.keys.map { Name(name: $0, file: nil) }
        return changed
    }

    private struct Entry: Hashable {
        var stat: Stat
        /// A link of an alias is the same file wherever it leads to.
        var target: [UInt8]?
    }

    private static func list(
        _ directory: (any Directory)?
    ) throws(FileError) -> [[UInt8]: Entry] {
        guard let directory else { return [:] }
        var entries: [[UInt8]: Entry] = [:]
        try directory.entries(from: 0) { entry, name in
            entries[Array(name)] = Entry(stat: entry.stat)
            return true
        }
        for (name, entry) in entries where entry.stat.qid.type.contains(.symlink) {
            entries[name]?.target = try directory.lookup(name.span.bytes).link?.target()
        }
        return entries
    }
}
