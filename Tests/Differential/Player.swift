public import FileTree

/// Something that operations can be done to.
public protocol Player: AnyObject {
    /// What it is, for people.
    var name: String { get }

    /// Carries an operation out, and says what came of it.
    func apply(_ operation: Operation) -> Outcome

    /// All that is there now.
    func snapshot() throws(FileError) -> Snapshot
}

/// Plays lists to several players at once.
public enum Differential {
    /// Plays operations up to the first of which a player's outcome is not the first one's;
    /// returns which, or nothing.
    public static func play(_ operations: [Operation], to players: [any Player]) -> [String] {
        for operation in operations {
            let outcomes = players.map { $0.apply(operation) }
            let failures = zip(players, outcomes).dropFirst()
                .filter { $0.1 != outcomes[0] }
                .map { "\(operation): \($0.name): \($1), \(players[0].name): \(outcomes[0])" }
            if !failures.isEmpty { return failures }
        }
        return []
    }

    /// Where a player's tree is not the first one's.
    public static func compare(
        _ players: [any Player],
        _ leniency: Snapshot.Leniency = []
    ) throws(FileError) -> [String] {
        let expected = try players[0].snapshot()
        var failures: [String] = []
        for player in players.dropFirst() {
            failures += try player.snapshot().differences(from: expected, leniency)
                .map { "\(player.name): \($0)" }
        }
        return failures
    }

    /// Plays a list to players without a base of their own, and compares what comes of it.
    public static func play(
        _ list: OperationList,
        to players: [any Player]
    ) throws(FileError) -> [String] {
        let failures = play(list.base, to: players)
        return failures.isEmpty ? try playChanges(list, to: players) : failures
    }

    /// Plays a list's changes to players that have its base, and compares what comes of it.
    public static func playChanges(
        _ list: OperationList,
        to players: [any Player]
    ) throws(FileError) -> [String] {
        let failures = play(list.changes, to: players)
        return failures.isEmpty ? try compare(players) : failures
    }
}
