package import FileTree
import UnionTree

extension ControlTree {
    /// Makes what a view of an environment of a store has of it in itself, for its owner: without
    /// the view.
    ///
    /// `log` is told what becomes current by words that are written there.
    package convenience init(
        of environment: StoredEnvironment,
        _ log: @escaping @Sendable (String) -> Void
    ) {
        let control = EnvironmentControl(environment, EnvironmentControl.Session()) {
            environment.refresh(log, log)
        }
        let words = ServerControl([(environment.name, control)]).words
        let events = ControlEvents()
        events.follow(environment)
        self.init {
            [
                ("ctl", .words(words)),
                (
                    "env",
                    .directory {
                        let entries = control.entries(for: .superuser, inView: true)
                        return [(environment.name, .directory { entries })]
                    }
                ),
                ("events", .events(events)),
                ("pkg", PackageLinks(environment, at: "pkg").entry),
            ]
        }
    }

    /// The tree in the root of a view, under a name.
    ///
    /// Errors: `.illegalName` for what is no name.
    package func mounted(
        as name: String,
        for user: User
    ) throws(FileError) -> ViewMounts {
        var mounts = ViewMounts()
        mounts.add(try UnionPath(Array(name.utf8))) { () throws(FileError) in
            try self.attach(as: user, to: "").root
        }
        return mounts
    }
}

extension ControlEvents {
    /// Tells what becomes current of an environment.
    package func follow(_ environment: StoredEnvironment) {
        environment.onChange { [self, weak environment] number in
            guard let environment else { return }
            add("\(environment.name) \(number) \(environment.current.record.text.hash)")
        }
    }
}
