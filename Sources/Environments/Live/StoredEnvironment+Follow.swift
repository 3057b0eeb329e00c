import FileTree
import Store
import Synchronization

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
            try watch { [self] in
                refresh(log, complain, isAsked: false)
                forgetEvicted()
            }
            isFollowed.store(true, ordering: .relaxed)
        } catch {
            complain("environment \(name) is not followed: \(error)")
        }
    }

    /// Calls `look` when what is current may be another: by a line of the log, by an environment
    /// that is made anew under the name, or by one that hides this from now on.
    private func watch(_ look: @escaping @Sendable () -> Void) throws(FileError) {
        let isOther: @Sendable () -> Void = { [self] in
            // What could be watched still is.
            try? watch(look)
            look()
        }
        // There may be none just now.
        let own = try? folder()
        for store in finder.stores {
            let all = "\(store.path)/\(Store.environmentsName)"
            do throws(FileError) {
                // A folder that is removed says nothing of that itself while somebody has it open.
                try? Watcher.watch(store.path, for: "\(name) above", namesOnly: true, isOther)
                try Self.watch(all, for: "\(name) above", isOther)
                // It may be there without being one so far.
                try Watcher.watch("\(all)/\(name)", for: name, look)
            } catch {
                // What is in no other store now may never be there.
                if own == "\(all)/\(name)" { throw error }
            }
        }
    }

    /// Watches a folder of environments, or where it is going to be made.
    private static func watch(
        _ path: String,
        for name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(FileError) {
        do throws(FileError) { return try Watcher.watch(path, for: name, body) } catch {
            // A folder that is not there is made in the one above it.
            guard error.kind == .notFound, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")),
                path != "/"
            else {
                throw error
            }
            let above = slash == path.startIndex ? "/" : String(path[..<slash])
            try watch(above, for: name, body)
            // It may have been made before anybody looked at that.
            try? Watcher.watch(path, for: name, body)
        }
    }

    /// Shows what is current by now, and says to `log` what that is, or why it cannot be shown to
    /// `complain`; where nobody has asked for that, not twice in a row.
    package func refresh(
        _ log: (String) -> Void,
        _ complain: (String) -> Void,
        isAsked: Bool = true
    ) {
        do throws(FileError) {
            let isOther = try refresh {
                complain("environment \(name): a view stays as it was: \($0)")
            }
            if isOther { log("environment \(name): generation \(current.record.number)") }
            complaint.withLock { $0 = nil }
        } catch {
            let text = "environment \(name) stays at generation \(current.record.number): \(error)"
            let isSaid = complaint.withLock { complaint in
                defer { complaint = text }
                return complaint == text
            }
            if isAsked || !isSaid { complain(text) }
        }
    }
}
