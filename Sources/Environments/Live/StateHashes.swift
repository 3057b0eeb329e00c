import Archive
import FileTree
import Store
import Synchronization
import UnionTree

/// By which hashes the states of an environment are found: the identity of each, and what its tree
/// may be known by.
///
/// What is known of trees is kept. For a hash that there is none of the log's generations are looked
/// through once; until the log changes it takes no more than a look at its end to ask for it again.
final class StateHashes: Sendable {
    private struct Known {
        /// What the log ended with when all of its generations were known.
        var line: GenerationLine?
        var hashes: [Int: Hashes] = [:]
    }

    private struct Hashes {
        /// The identity of the state.
        var state: String
        /// Those of which its tree has one; nil until they were asked for.
        var trees: [String]?

        func begin(_ words: String, _ isOfTree: Bool) -> Bool {
            isOfTree ? trees?.contains { $0.hasPrefix(words) } == true : state.hasPrefix(words)
        }
    }

    private let known = Mutex(Known())

    /// The latest state of which a hash begins so: its own, else that of its tree; nil where there
    /// is none.
    ///
    /// Layers and mount lines of a server have the tree's. No package is opened: anybody may ask
    /// for what nothing has. Errors: as of `NamedEnvironment.record`; `.malformed` where there is
    /// none, but something in the log is damaged.
    func latest(
        _ words: String,
        of environment: NamedEnvironment,
        before: [GenerationRecord]
    ) throws(FileError) -> GenerationRecord? {
        let line = try environment.state()
        let isRefused = known.withLock { known in
            known.line == line
                && !known.hashes.values.contains {
                    $0.begin(words, false) || $0.begin(words, true)
                }
        }
        if isRefused { return nil }
        do throws(FileError) {
            return try find(words, environment, line, before)
        } catch { throw environment.at(error) }
    }

    private func find(
        _ words: String,
        _ environment: NamedEnvironment,
        _ line: GenerationLine,
        _ before: [GenerationRecord]
    ) throws(FileError) -> GenerationRecord? {
        let log = try environment.log()
        let scan = try log.scan()
        let all = scan.entries.filter(\.line.makesGeneration)
        var damage: FileError?
        for isOfTree in [false, true] {
            // By the identity alone one is found beside others that are damaged.
            if isOfTree {
                if let damage { throw damage }
                _ = try scan.sound()
            }
            for entry in all.reversed() {
                let block: GenerationBlock
                do throws(FileError) { block = try log.block(at: entry.at) } catch {
                    guard error.kind == .malformed else { throw error }
                    damage = error
                    continue
                }
                let hashes = try hashes(of: block, environment, log, isOfTree)
                if hashes.begin(words, isOfTree) {
                    return try log.record(of: block, before: before)
                }
            }
        }
        let numbers = Set(all.map(\.line.current))
        known.withLock { known in
            known.line = line
            known.hashes = known.hashes.filter { numbers.contains($0.key) }
        }
        return nil
    }

    private func hashes(
        of block: GenerationBlock,
        _ environment: NamedEnvironment,
        _ log: GenerationLog,
        _ withTrees: Bool
    ) throws(FileError) -> Hashes {
        let known = known.withLock { $0.hashes[block.number] }
        if let known, known.state == block.hash, known.trees != nil || !withTrees { return known }
        var hashes = Hashes(state: block.hash)
        if withTrees {
            let text: EnvironmentText
            do throws(FileError) { text = try log.record(of: block).text } catch {
                throw error.at("generation \(block.number)")
            }
            let ids = text.packages.map(\.id)
            let rules = try text.unionRules()
            hashes.trees = KeptTable.hashes(of: ids, rules, environment: environment.name)
                .map(\.description)
        }
        self.known.withLock { $0.hashes[block.number] = hashes }
        return hashes
    }
}
