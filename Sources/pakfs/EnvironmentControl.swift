import Environments
import FileTree
import Store
import Synchronization
import Terminal
import UnionTree

/// What the control tree has of an environment of a store, and what becomes of the words written
/// there.
final class EnvironmentControl: Sendable {
    private let environment: StoredEnvironment
    private let session: Session
    private let follow: @Sendable () -> Void

    /// What one attach has begun: a shell opens the file anew for each word, so that it is not of
    /// one that is open, and nobody else waits for the end of what is not his.
    ///
    /// It is gone with the last fid of the attach, as when a connection dies.
    final class Session: Sendable {
        fileprivate let begun = Mutex<[String: Begun]>([:])
    }

    fileprivate struct Begun {
        /// The words; nil outside of `begin` and `commit`.
        var lines: [[String]]?
        /// Why the last word was refused; nil when it was not.
        var error: String?
    }

    init(
        _ environment: StoredEnvironment,
        _ session: Session,
        follow: @escaping @Sendable () -> Void
    ) {
        self.environment = environment
        self.session = session
        self.follow = follow
    }

    /// The files of its directory, as a user may see them.
    ///
    /// In a view that has the control tree in itself the view itself is not in there again.
    func entries(
        for user: User,
        inView: Bool = false
    ) -> [(name: String, entry: ControlTree.Entry)] {
        let shown = environment.current
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            (
                "conflicts",
                .file { () throws(FileError) in
                    try shown.conflicts.text { () throws(FileError) in
                        try shown.tree.conflicts().map { "\($0)\n" }.joined()
                    }
                }
            ),
            ("gen", .file { "\(shown.record.number) \(shown.record.text.hash)\n" }),
            (
                "packages",
                .file {
                    shown.record.text.packages.map { "\($0.id) \($0.name) \($0.version)\n" }
                        .joined()
                }
            ),
            ("rules", .file { shown.record.text.rules.map { "\($0.line)\n" }.joined() }),
            ("pkg", PackageLinks(environment, at: "env/\(environment.name)/pkg").entry),
            (
                "shadowed",
                .file { () throws(FileError) in
                    try shown.shadowed.text { () throws(FileError) in
                        try shown.tree.hidden(by: shown.record.text.shines)
                            .map { "\($0.path) \($0.package)\n" }.joined()
                    }
                }
            ),
        ]
        if !inView {
            entries.append(
                (
                    "root",
                    .root { [environment] () throws(FileError) in
                        try environment.live(.init(ViewOptions())).root
                    }
                )
            )
        }
        if user.isOwner {
            let words = ControlWords(
                text: { [self] in status },
                take: take,
                isSlow: Self.isSlow
            )
            entries.append(("ctl", .words(words)))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// What was begun, and why the last word was refused.
    var status: String {
        let begun = session.begun.withLock { $0[environment.name] } ?? Begun()
        var text = "generation \(environment.current.record.number)\n"
        if let lines = begun.lines {
            text += "begin\n" + lines.map { $0.joined(separator: " ") + "\n" }.joined()
        }
        if let error = begun.error { text += "error: \(error)\n" }
        return text
    }

    /// Looks at what was begun and changes it in one step: another thread may do so, too.
    private func change<R: Sendable, E: Error>(
        _ body: (inout Begun) throws(E) -> R
    ) throws(E) -> R {
        try session.begun.withLock { begun throws(E) -> R in
            try body(&begun[environment.name, default: Begun()])
        }
    }

    /// Whether a line may make a generation, or show one: that reads packages, and waits for the
    /// disk.
    @Sendable static func isSlow(_ line: String) -> Bool {
        let word = line.split(separator: " ", maxSplits: 1).first ?? ""
        return word == "commit" || word == "gen" || changes.contains(String(word))
    }

    /// The words that change an environment.
    private static let changes: Set = ["add", "rm", "prefer", "block", "alias", "allow", "not"]

    /// Does what a line asks for.
    @Sendable func take(_ line: String) throws(FileError) {
        do throws(FileError) {
            try obey(line.split(separator: " ").map(String.init))
            change { $0.error = nil }
        } catch {
            change { $0.error = "\(line.prefix(200)): \(error)" }
            throw error
        }
    }

    private func obey(_ words: [String]) throws(FileError) {
        switch (words.first ?? "", words.count) {
        case ("begin", 1):
            try change { begun throws(FileError) in
                guard begun.lines == nil else { throw FileError(.busy, "begun already") }
                begun.lines = []
            }
        case ("abort", 1): change { $0.lines = nil }
        case ("commit", 1):
            let lines = change { begun in
                defer { begun.lines = nil }
                return begun.lines
            }
            guard let lines else { throw FileError(.invalid, "nothing was begun") }
            try make(lines)
        case ("gen", 2):
            guard let number = Int(words[1]) else { throw FileError(.invalid, words[1]) }
            try environment.note("switch", current: number)
            follow()
        case ("shine", _):
            // What comes over the wire has no path of the host shown.
            throw FileError(.notPermitted, "shine: the owner says that with pak shine alone")
        case (let word, _) where Self.changes.contains(word):
            let isNoted = change { begun in
                begun.lines?.append(words)
                return begun.lines != nil
            }
            if !isNoted { try make([words]) }
        default:
            let known = "add, rm, prefer, block, alias, allow, not, gen, begin, commit, abort"
            throw FileError(.invalid, "no such word; there are \(known)")
        }
    }

    private func make(_ lines: [[String]]) throws(FileError) {
        var change = try environment.change()
        for words in lines { try change.take(words) }
        guard !change.isEmpty, let word = lines.first?.first else { return }
        let command = lines.map { $0.joined(separator: " ") }.joined(separator: "; ")
        do throws(Complaint) {
            _ = try change.commit(command: command, word: word)
        } catch {
            let kind = error.status == 7 ? .busy : error.kind ?? .conflict
            throw FileError(kind, ([error.text] + error.details).joined(separator: "; "))
        }
        // Whoever wrote the word sees its effect at once.
        follow()
    }
}
