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

    package init(stores: [Store]) { self.stores = stores }

    package init(_ stack: StoreStack) throws(FileError) { stores = try stack.all() }

    /// The environment of a name, in the first store that has one.
    package func environment(_ name: String) throws(FileError) -> NamedEnvironment {
        for store in stores {
            do throws(FileError) {
                let found = try NamedEnvironment(name, in: store)
                _ = try found.state()
                return found
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
        try store.calls.replace(choiceName, in: folder, with: Array("\(name)\n".utf8))
    }

    /// The file of a package, in the first store that has it.
    ///
    /// Errors: `.notFound` with the package.
    package func path(of package: StoredPackage) throws(FileError) -> String {
        for store in stores where try store.has(package) { return store.place(of: package) }
        throw FileError(.notFound, "package \(package.name) \(package.version) \(package.id)")
    }

    /// Keeps packages in the store that is written, until it is let go of; nil where that store
    /// cannot be written, so that nobody collects there by this name either.
    package func lease(_ packages: [StoredPackage]) throws(FileError) -> Lease? {
        guard let store = stores.first, !packages.isEmpty else { return nil }
        do throws(FileError) { return try store.lease(packages) } catch {
            guard [.readOnly, .permission, .notFound].contains(error.kind) else { throw error }
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
