import Environments
import FUSEServer
import FileTree
import Terminal
import UnionTree

/// What a mount at a directory of the host shows.
enum MountSource {
    /// Packages, or a state of an environment: it is the same to the end.
    case packages(Environment)
    /// An environment of a store, whatever it holds; the control tree under a name in its root,
    /// where one is given.
    case live(StoredEnvironment, control: String? = nil)

    /// Whether folders of the disk shine in it.
    var shines: Bool {
        switch self {
        case .packages(let environment): !environment.shines.isEmpty
        case .live(let environment, _): !environment.current.record.text.shines.isEmpty
        }
    }
}

/// A tree that is to be mounted, and what may become of it.
struct MountedTree {
    let attachment: Attachment
    /// Nothing in it changes but by a switch, of which it is told.
    let isKept: Bool
    /// Nothing in it changes at all.
    let isFixed: Bool
    /// There are folders of the disk in it, which can be written.
    let isWritable: Bool
    private let live: LiveTree?
    private let environment: StoredEnvironment?

    /// `log` is told what becomes current by words that are written to the control tree.
    init(
        _ source: MountSource,
        _ log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(FileError) {
        switch source {
        case .packages(let environment):
            let shines = environment.shines
            attachment = try shines.lay(over: environment.attach(ViewOptions()))
            isWritable = !shines.isEmpty
            isKept = environment.isFixed && !isWritable
            isFixed = isKept
            live = nil
            self.environment = nil
        case .live(let environment, let control):
            // Whether a mount can be written, and how long the kernel keeps what it has seen, is
            // settled when it is made: what comes to shine later does so for the next.
            let shines = !environment.current.record.text.shines.isEmpty
            let mounts = try control.map { (name) throws(FileError) in
                try ControlTree(of: environment, log).mounted(as: name, for: .superuser)
            }
            let key = StoredEnvironment.ViewKey(ViewOptions(), mounted: shines ? ["shine"] : [])
            let tree = try environment.live(key) { (shown, attachment) throws(FileError) in
                let covered =
                    shines ? try shown.record.text.shines.lay(over: attachment) : attachment
                return try mounts?.lay(over: covered) ?? covered
            }
            attachment = try tree.attach(as: .superuser, to: "")
            isWritable = shines || control != nil
            isKept = !isWritable
            isFixed = false
            live = tree
            self.environment = environment
        }
    }

    /// Begins to look for what becomes of the environment; `follow` is due next.
    ///
    /// To be called before anything is mounted: the store is found by its name, and a mount over it
    /// would answer with nobody serving it yet. That the environment cannot be followed is told to
    /// `complain` before this returns, for later there may be nobody to hear it.
    func watch(
        _ log: @escaping @Sendable (String) -> Void,
        _ complain: @escaping @Sendable (String) -> Void
    ) {
        if live != nil { environment?.watch(log, complain) }
    }

    /// Goes with the environment from now on, and has the kernel forget what is another by then.
    ///
    /// Errors: those of starting a thread.
    func follow(
        _ server: FUSEServer,
        _ log: @escaping @Sendable (String) -> Void,
        _ complain: @escaping @Sendable (String) -> Void
    ) throws(FileError) {
        guard let live, let environment else { return }
        live.onSwap { [weak server] change in
            server?.invalidate { directory in
                change.names(in: directory).map { .init($0.name, file: $0.file) }
            }
        }
        // What the kernel forgets it may first wait for us to answer.
        try Worker.start { environment.refresh(log, complain) }
    }

    /// Goes with the environment from now on, for a client that keeps nothing.
    func follow(_ log: @escaping @Sendable (String) -> Void) { environment?.follow(log) }
}
