package import Archive
package import FileTree
package import Store

/// Finds environments and packages in the stores that a user reads.
package struct EnvironmentFinder: Sendable {
    /// Where things are looked for, in this order; the first is the one that is written.
    package let stores: [Store]

    /// The environment of those who name none.
    package static let usual = "main"
    private static let choiceName = "use"
    private static let choiceLockName = "use.lock"

    package init(stores: [Store]) { self.stores = stores }

    package init(_ stack: StoreStack) throws(FileError) { stores = try stack.all() }

    /// The environment of a name, in the first store that has one.
    package func environment(_ name: String) throws(FileError) -> NamedEnvironment {
        try current(name).environment
    }

    /// The same, and what is current in it.
    func current(
        _ name: String
    ) throws(FileError) -> (environment: NamedEnvironment, state: NamedEnvironment.State) {
        for store in stores {
            do throws(FileError) {
                let found = try NamedEnvironment(name, in: store)
                return (found, try found.state())
            } catch {
                guard error.kind == .notFound else { throw error }
            }
        }
        throw FileError(.notFound, "environment \(name)")
    }

    /// All environments, by name; of those of one name the first.
    package func environments() throws(FileError) -> [NamedEnvironment] {
        var found: [String: NamedEnvironment] = [:]
        for store in stores {
            for name in try NamedEnvironment.names(in: store) where found[name] == nil {
                found[name] = try NamedEnvironment.ifThere(name, in: store) { $0 }
            }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    /// The environment that commands mean when none is named.
    package func chosen() throws(FileError) -> String {
        for store in stores {
            guard let folder = store.folder else { continue }
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try store.calls.bytes(Self.choiceName, in: folder, limit: 4096)
            } catch {
                if error.kind == .notFound { continue }
                throw error
            }
            let name = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
            if PackageName.isLegal(name) { return name }
        }
        return Self.usual
    }

    /// Makes an environment the one that is meant when none is named.
    package static func choose(_ name: String, in store: Store) throws(FileError) {
        guard let folder = store.folder else { throw FileError(.notFound, store.path) }
        // Of two at once one comes after the other: what is being written has one name.
        let lock = try store.calls.lockFile(choiceLockName, in: folder)
        defer { withExtendedLifetime(lock) {} }
        try store.calls.awaitLock(lock, shared: false)
        try store.calls.replace(choiceName, in: folder, with: Array("\(name)\n".utf8))
    }

    /// The file of a package, in the first store that has it.
    ///
    /// Errors: `.notFound` with the package.
    package func path(of package: StoredPackage) throws(FileError) -> String {
        for store in stores where try store.has(package) { return store.place(of: package) }
        throw FileError(.notFound, "package \(package.name) \(package.version) \(package.id)")
    }

    /// Holds packages in a store that is written, with those that only others have taken into it:
    /// what nobody uses there any more may go when it likes.
    ///
    /// Errors: as of `Store.take`.
    package func keep(
        _ packages: [StoredPackage],
        in store: Store
    ) throws(FileError) -> Lease {
        try store.take(packages, from: stores.filter { $0.path != store.path })
    }

    /// Makes an environment that begins with what another one holds now.
    ///
    /// Errors: as of `keep` and of making it, and then there is none.
    package func make(
        _ name: String,
        like other: NamedEnvironment,
        in store: Store
    ) throws(FileError) -> (environment: NamedEnvironment, record: GenerationRecord) {
        let record = try other.current().record
        // The other one may go meanwhile, and its packages with it; held they are until the log
        // is on storage, which keeps them then.
        let lease = try keep(record.text.packages, in: store)
        defer { withExtendedLifetime(lease) {} }
        let made = try NamedEnvironment(
            making: name,
            in: store,
            record.text,
            roots: record.roots
        )
        return (made, record)
    }

    /// Keeps packages in the store that is written, until it is let go of; nil where that store
    /// cannot be written.
    ///
    /// A collection in a store below knows nothing of it.
    package func lease(_ packages: [StoredPackage]) throws(FileError) -> Lease? {
        guard let store = stores.first, !packages.isEmpty else { return nil }
        do throws(FileError) { return try store.lease(packages) } catch {
            guard Store.isUnwritable(error) else { throw error }
            return nil
        }
    }

    /// All packages there are, each once.
    package func packages() throws(FileError) -> [StoredPackage] {
        var seen: Set<ContentID> = []
        var found: [StoredPackage] = []
        for store in stores {
            for package in try store.packages() where seen.insert(package.id).inserted {
                found.append(package)
            }
        }
        return found
    }

    /// The packages of a name, or all, each once and in no order.
    func packagesUnsorted(named name: String?) throws(FileError) -> [StoredPackage] {
        var seen: Set<ContentID> = []
        var found: [StoredPackage] = []
        for store in stores {
            for package in try store.packagesUnsorted(named: name)
            where seen.insert(package.id).inserted {
                found.append(package)
            }
        }
        return found
    }
}
