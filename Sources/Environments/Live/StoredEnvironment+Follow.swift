import FileTree

// How what becomes current comes to be shown.
extension StoredEnvironment {
    /// Shows what becomes current as it does, and says so to `log`.
    ///
    /// It does so to the process's end. Where the store cannot be followed that is said, too: it
    /// is looked at once then.
    package func follow(_ log: @escaping @Sendable (String) -> Void) {
        watch(log, log)
        refresh(log, log)
    }

    /// Begins to show what becomes current as it does, and says so to `log`, or why it cannot to
    /// `complain`.
    ///
    /// What became current before is not looked at: a `refresh` is due when it returns.
    package func watch(
        _ log: @escaping @Sendable (String) -> Void,
        _ complain: @escaping @Sendable (String) -> Void
    ) {
        do throws(FileError) {
            let folder = try folder()
            let look: @Sendable () -> Void = { [self] in refresh(log, complain) }
            try Watcher.watch(folder, for: name, look)
            // One that is made anew under its name has another folder.
            try Watcher.watch("\(folder)/..", for: name) { [name] in
                // There may be none for now, and another event when there is.
                try? Watcher.watch(folder, for: name, look)
                look()
            }
        } catch {
            complain("environment \(name) is not followed: \(error)")
        }
    }

    /// Shows what is current by now, and says to `log` what that is, or why it cannot be shown to
    /// `complain`.
    package func refresh(_ log: (String) -> Void, _ complain: (String) -> Void) {
        do throws(FileError) {
            let isOther = try refresh {
                complain("environment \(name): a view stays as it was: \($0)")
            }
            if isOther { log("environment \(name): generation \(current.record.number)") }
        } catch {
            complain("environment \(name) stays at generation \(current.record.number): \(error)")
        }
    }
}
