import ArgumentParser
import Terminal

/// Which environment is changed: one of the stores, or one that a running server has of its own.
struct ChangeOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "The pakfs that changes it: unix!PATH or tcp!HOST!PORT; its stores count then."
    )
    var address: String?

    @OptionGroup var local: EnvironmentOptions
    @OptionGroup var waiting: WaitOptions

    func validate() throws {
        try ServerOptions.check(address)
        guard address == nil || local.stores.store == nil && local.stores.root == nil else {
            throw ValidationError("-a: not with --store or --root: the pakfs there has its own")
        }
    }

    /// The environment of a server; nil where it is one of the stores.
    func served() throws(Complaint) -> ServedEnvironment? {
        guard let address else { return nil }
        return try ServedEnvironment(address, local.environment)
    }
}
