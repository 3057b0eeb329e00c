package import FileTree
import Store
import Synchronization
import Terminal
import UnionTree

/// What the control tree has of an environment of a store, and what becomes of the words written
/// there.
package final class EnvironmentControl: Sendable {
    private let environment: StoredEnvironment
    private let session: Session
    private let follow: @Sendable () -> Void

    /// What one attach has begun: a shell opens the file anew for each word, so that it is not of
    /// one that is open, and nobody else waits for the end of what is not his.
    ///
    /// It is gone with the last fid of the attach, as when a connection dies.
    package final class Session: Sendable {
        fileprivate let begun = Mutex<[String: Begun]>([:])

        package init() {}
    }

    fileprivate struct Begun {
        /// The words; nil outside of `begin` and `commit`.
        var lines: [[String]]?
        /// Why the last word was refused; nil when it was not.
        var error: String?
        /// What more is to be said of that, a line each.
        var details: [String] = []
    }

    package init(
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
    package func entries(
        for user: User,
        inView: Bool = false
    ) -> [(name: String, entry: ControlTree.Entry)] {
        // What a file says is of the generation at its open: it may have been found long before.
        let current: @Sendable () -> StoredEnvironment.Shown = { [environment] in
            environment.current
        }
        var entries: [(name: String, entry: ControlTree.Entry)] = [
            (
                "conflicts",
                .file { () throws(FileError) in
                    let shown = current()
                    return try shown.conflicts.value { () throws(FileError) in
                        try shown.tree.conflicts().map { "\($0)\n" }.joined()
                    }
                }
            ),
            (
                "gen",
                .file {
                    let record = current().record
                    return "\(record.number) \(record.text.hash)\n"
                }
            ),
            (
                "packages",
                .file {
                    current().record.text.packages.map { "\($0.id) \($0.name) \($0.version)\n" }
                        .joined()
                }
            ),
            ("rules", .file { current().record.text.rules.map { "\($0.line)\n" }.joined() }),
            ("pkg", PackageLinks(environment, at: "env/\(environment.name)/pkg").entry),
            (
                "shadowed",
                .file { () throws(FileError) in
                    let shown = current()
                    return try shown.shadowed.value { () throws(FileError) in
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
                refuse: refuse,
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
        if let error = begun.error {
            text += (["error: \(error)"] + begun.details).map { $0 + "\n" }.joined()
        }
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
        let word = line.parts(at: " ", maxSplits: 1).first ?? ""
        return slow.contains(String(word)) || changes.contains(String(word))
    }

    /// Words of which the same is to be said.
    private static let slow: Set = ["commit", "gen", "rollback", "pin"]

    /// The words that change an environment.
    private static let changes: Set = ["add", "rm", "prefer", "block", "alias", "allow", "not"]

    /// More lines than these are not begun.
    private static let mostLines = 4096

    /// Does what a line asks for.
    @Sendable func take(_ line: String) throws(FileError) {
        let refusal: Complaint
        do throws(Complaint) {
            try obey(line.parts(at: " ").map(String.init))
            return change { $0.error = nil }
        } catch {
            refusal = error
        }
        change { begun in
            begun.error = "\(line.prefix(200)): \(refusal.text)"
            begun.details = refusal.details
        }
        let kind = refusal.status == 7 ? .busy : refusal.kind ?? .conflict
        throw FileError(kind, refusal.text)
    }

    /// Keeps why a line was none, to be read.
    @Sendable func refuse(_ error: FileError) {
        change { begun in
            begun.error = "\(error)"
            begun.details = []
        }
    }

    private func obey(_ words: [String]) throws(Complaint) {
        let asked: (change: EnvironmentChange, lines: [[String]])?
        do throws(FileError) { asked = try change(by: words) } catch { throw Complaint(error) }
        guard let (new, lines) = asked, !new.isEmpty, let word = lines.first?.first else {
            return
        }
        let command = lines.map { $0.joined(separator: " ") }.joined(separator: "; ")
        do throws(Complaint) { _ = try new.commit(command: command, word: word) } catch {
            // Another was faster: what was begun can be committed once more.
            if words == ["commit"], error.status == 7 { change { $0.lines = $0.lines ?? lines } }
            throw error
        }
        // Whoever wrote the word sees its effect at once.
        follow()
    }

    /// Does what a line asks for, but for a change of packages and rules: that it gives, not made
    /// yet.
    private func change(
        by words: [String]
    ) throws(FileError) -> (change: EnvironmentChange, lines: [[String]])? {
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
            return (try change(of: lines), lines)
        case ("gen", _), ("rollback", _):
            try change { begun throws(FileError) in
                // Nothing shows before what was begun is there, or is given up.
                guard begun.lines == nil else {
                    throw FileError(.busy, "begun: commit or abort first")
                }
            }
            try show(words)
        case ("pin", 2): try environment.pin(Self.number(words[1]), true)
        case ("not", 3) where words[1] == "pin":
            try environment.pin(Self.number(words[2]), false)
        case ("shine", _):
            // What comes over the wire has no path of the host shown.
            throw FileError(.notPermitted, "shine: the owner says that with pak shine alone")
        case (let word, _) where Self.changes.contains(word):
            let isNoted = try change { (begun) throws(FileError) in
                guard begun.lines?.count ?? 0 < Self.mostLines else {
                    throw FileError(.tooBig, "\(Self.mostLines) lines are begun")
                }
                begun.lines?.append(words)
                return begun.lines != nil
            }
            return isNoted ? nil : (try change(of: [words]), [words])
        default: throw Self.unknown
        }
        return nil
    }

    private static let unknown = FileError(
        .invalid,
        """
        no such word; there are \
        add, rm, prefer, block, alias, allow, not, gen, rollback, pin, begin, commit, abort
        """
    )

    /// Makes a generation that there is current.
    private func show(_ words: [String]) throws(FileError) {
        switch (words[0], words.count) {
        case ("gen", 2):
            try environment.note("switch", current: Self.number(words[1]))
            follow()
        case ("rollback", 1...2):
            let steps = try words.count == 2 ? Self.number(words[1]) : 1
            guard steps > 0 else { throw FileError(.invalid, "1 or more is needed") }
            try environment.rollback(steps)
            follow()
        default: throw Self.unknown
        }
    }

    private static func number(_ word: String) throws(FileError) -> Int {
        guard let number = Int(word) else { throw FileError(.invalid, "\(word): no number") }
        return number
    }

    private func change(of lines: [[String]]) throws(FileError) -> EnvironmentChange {
        var change = try environment.change()
        for words in lines { try change.take(words) }
        return change
    }
}
