import ArgumentParser
import Environments
import Store

/// Names that a shell completes: read from folders' names and one small file alone.
enum StoredNames {
    static let environments = CompletionKind.custom { _, _, prefix in
        // A shell that completes has nobody to tell of errors.
        let finder = try? EnvironmentFinder(StoreStack())
        let names = try? finder?.environments().map(\.name)
        return (names ?? []).filter { $0.hasPrefix(prefix) }
    }

    /// Packages of the stores.
    static let packages = CompletionKind.custom { _, _, prefix in known(prefix) }

    /// Packages of the stores, and files once a path is begun: without a slash a word is a
    /// package's name.
    static let packagesAndPaths = CompletionKind.custom { _, _, prefix in
        FileNames.isPath(prefix) ? FileNames.completions(of: prefix) : known(prefix)
    }

    /// Packages of the stores, and files.
    static let packagesAndFiles = CompletionKind.custom { _, _, prefix in
        (FileNames.isPath(prefix) ? [] : known(prefix)) + FileNames.completions(of: prefix)
    }

    private static func known(_ prefix: String) -> [String] {
        let finder = try? EnvironmentFinder(StoreStack())
        let names = try? finder?.packages().map(\.name)
        return Set(names ?? []).filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// Packages of the environment in use, or the one that `-e` names.
    static let members = CompletionKind.custom { words, _, prefix in
        guard let finder = try? EnvironmentFinder(StoreStack()) else { return [] }
        let option = words.firstIndex { $0 == "-e" || $0 == "--env" }
        let named = option.flatMap { words.dropFirst($0 + 1).first }
        guard let name = try? named ?? finder.chosen(),
            let environment = try? finder.environment(name),
            let record = try? environment.current().record
        else { return [] }
        return record.text.packages.map(\.name).filter { $0.hasPrefix(prefix) }.sorted()
    }
}
