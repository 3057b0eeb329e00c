import Archive
package import FileTree
import Store
import UnionTree

/// The packages of stores that a view is made of: a state of an environment, and packages that are
/// laid beside those or take their place, for this view alone.
package struct StoredSelection: Sendable {
    /// The environment; empty for packages alone.
    package let name: String
    /// The generation of it; nil for packages alone.
    package let generation: Int?
    /// The packages, and the rules by which they are joined.
    package private(set) var text: EnvironmentText
    private let finder: EnvironmentFinder
    private var added: [String] = []

    /// Makes one of nothing.
    package init(_ finder: EnvironmentFinder) {
        name = ""
        generation = nil
        text = EnvironmentText()
        self.finder = finder
    }

    /// Takes a state of an environment.
    ///
    /// It is asked for by `NAME`, what is current, `NAME@N`, a generation, or `NAME@HASH`, the
    /// state whose identity begins so; without a name it is the environment in use that is meant.
    /// Errors: `.invalid` for what is no such words, `.notFound`.
    package init(_ finder: EnvironmentFinder, state words: String) throws(FileError) {
        // Options of an aname are not for commands, which have their own.
        guard !words.contains(":"), words != ViewName.control, words != "/" else {
            throw FileError(.invalid, "\(words): not an environment's name")
        }
        let wanted = try ViewName(words)
        name = try wanted.environment.isEmpty ? finder.chosen() : wanted.environment
        self.finder = finder
        let environment = try finder.environment(name)
        let record: GenerationRecord
        if let words = wanted.generation {
            guard let found = try environment.find(words) else {
                throw FileError(.notFound, "\(name)@\(words)")
            }
            record = found
        } else {
            record = try environment.current().record
        }
        generation = record.number
        text = record.text
    }

    /// Adds the package that is asked for, in the place of one of its name; false where the stores
    /// have none such, or what is asked for is a file.
    ///
    /// Errors: `.conflict` where several will do.
    package mutating func add(_ words: String) throws(FileError) -> Bool {
        guard let spec = try? PackageSpec(words) else {
            // No way to ask a store for a package: a path, if anything.
            return false
        }
        if case .file = spec { return false }
        let found: StoredPackage
        do throws(FileError) { found = try spec.choose(finder.packages(), words) } catch {
            if error.kind == .notFound { return false }
            throw error
        }
        text.add(found)
        added.append(found.name)
        return true
    }

    /// Takes the package of a name away, for another is there.
    mutating func remove(_ name: String) { _ = text.remove(name) }

    /// What the view is called: `NAME@GENERATION`, and the packages that were added.
    var title: [String] { (generation.map { ["\(name)@\($0)"] } ?? []) + added.sorted() }

    /// The packages, opened; they are kept in their store for as long as they are used.
    func packages() throws(FileError) -> [Package] {
        let lease = try finder.lease(text.packages)
        return try StoredPackages(finder).packages(of: text, holder: { _ in lease })
    }

    /// Where tables of them are kept; nil where the store cannot be written.
    var tables: String? { finder.stores.first.flatMap { $0.isWritable ? $0.tables : nil } }
}
