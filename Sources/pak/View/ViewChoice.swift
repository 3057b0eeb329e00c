import Environments
import FileTree
import Glibc
import Terminal

/// What a view is to be, however it was said.
struct ViewChoice {
    /// The packages over what they lie over.
    var environment: Environment
    /// The same as it is at any time, where it is shown at a directory of its own.
    var live: StoredEnvironment?
    /// The packages alone.
    var pure = false
    /// Where the packages are shown, if not over the root.
    var at: PathBytes?
    /// The directory of the host that stands for its root.
    var base: String?
    /// How files get there, if it was said.
    var via: ViewArguments.Way?
    var borders = Borders()

    /// What of the host is seen, and who the command is.
    struct Borders {
        /// What is bound where.
        var bindings: [Binding] = []
        /// No network but the loopback.
        var noNet = false
        /// The command is root by a user namespace.
        var makesRoot = false
        /// It is told how the view is made.
        var verbose = false
        /// It is not told what a command that failed may have failed of.
        var quiet = false

        /// A line for who wants to know how.
        func remark(_ text: String) {
            if verbose { Stream.standardError.write("pak: \(Visible.text(text))\n") }
        }
    }
}
