import ArgumentParser
import Environments
import FileTree
import Terminal
import UnionTree

/// Which packages a view is made of, and how they are joined.
struct PackageOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: "A package, of any form that pakfs takes.",
        completion: .file()
    )
    var package: [String] = []

    @Option(
        parsing: .singleValue,
        help: "How the packages are joined: an -o of pakfs."
    )
    var option: [String] = []

    /// Opens and joins them over `base`, a directory of the host or a server.
    func environment(over base: String?) throws(Complaint) -> Environment {
        var rules = UnionRules()
        for option in option { try rules.take(option: option) }
        var source = EnvironmentSource(
            packages: package,
            rules: rules,
            options: option,
            base: base
        )
        source.optionName = "--option"
        return try Environment(source, PackageOpener())
    }
}
