package import Archive
public import FileTree
import Synchronization

/// Packages by their content ids in a folder, for any number of processes at once.
///
///     packages/NAME-VERSION.CID.pak.zst   the packages, each whole from when it has the name
///     packages/.new.*                     what is being made, locked by whoever makes it
///     lease/PROCESS                       the ids that a process uses, locked while it does
///     roots/NAME                          ids, a line each, that are to stay
///     envs/ tables/                       environments, and their tables
///     known known.copy                    numbers of packages, for logs that name very many
///     lists/SHA256                        what was too long for logs before there were numbers
///     lock                                held shared to take packages or to say that they are
///                                         used, alone to remove some
///
/// There is no database: files never change, a name is given to what is on storage already, and
/// whatever a killed process leaves is nobody's.
public final class Store: Sendable {
    /// Where it is.
    public let path: String
    /// The calls by which it is reached.
    package let calls: HostCalls
    private let opened: Mutex<Opened>
    /// The numbers of packages as they were read last.
    let known = Mutex(KnownPackages())
    /// The same as this process has left them.
    let left = Mutex(LeftNumbers())

    /// What is open of it: one that was not there may be made later, by another process.
    private struct Opened {
        var folder: HostDescriptor?
        var packages: HostDescriptor?
    }

    /// Its folder; nil where there is none yet.
    package var folder: HostDescriptor? {
        opened.withLock { opened in
            if opened.folder == nil {
                // What cannot be opened is as if it were not there, as it was at first.
                opened.folder = try? calls.openFolder(path: path)
            }
            return opened.folder
        }
    }

    private var packageFolder: HostDescriptor? {
        guard let folder else { return nil }
        return opened.withLock { opened in
            if opened.packages == nil {
                opened.packages = try? calls.openFolder(Self.packagesName, in: folder)
            }
            return opened.packages
        }
    }

    /// Opens the store at `path` for reading; one that is not there is empty.
    ///
    /// Errors: those of open(2) but that it is missing.
    public convenience init(reading path: String) throws(FileError) {
        try self.init(reading: path, calls: HostCalls(isForAll: true))
    }

    /// Whether this process may write it.
    package var isWritable: Bool {
        guard let folder else { return false }
        do throws(FileError) { try calls.checkWritable(folder, path) } catch { return false }
        return true
    }

    /// Opens the store at `path` for writing, and makes what is missing of it.
    ///
    /// Others may read what is made, as far as the process's mask lets them: a user reads the
    /// machine's store. Errors: `.readOnly` where nothing can be written; those of mkdir(2).
    public convenience init(writing path: String) throws(FileError) {
        try self.init(writing: path, calls: HostCalls(isForAll: true))
    }

    package init(reading path: String, calls: HostCalls) throws(FileError) {
        self.path = path
        self.calls = calls
        let folder = try Self.found { () throws(FileError) in try calls.openFolder(path: path) }
        let packages = try folder.flatMap { (folder) throws(FileError) in
            try Self.found { () throws(FileError) in
                try calls.openFolder(Self.packagesName, in: folder)
            }
        }
        opened = Mutex(Opened(folder: folder, packages: packages))
    }

    package init(writing path: String, calls: HostCalls) throws(FileError) {
        self.path = path
        self.calls = calls
        let known = try Self.found { () throws(FileError) in try calls.openFolder(path: path) }
        let folder = if let known { known } else { try Self.make(path, calls) }
        do throws(FileError) {
            try calls.checkWritable(folder, path)
            for name in [Self.packagesName, Self.leasesName, Self.environmentsName] {
                try Self.make(name, in: folder, calls)
            }
        } catch {
            throw error.at("store \(path)")
        }
        let packages = try calls.openFolder(Self.packagesName, in: folder)
        opened = Mutex(Opened(folder: folder, packages: packages))
    }

    static let packagesName = "packages"
    static let leasesName = "lease"
    static let rootsName = "roots"
    static let lockName = "lock"
    /// The folder of environments.
    package static let environmentsName = "envs"
    /// What begins the names of files that are being made.
    static let newPrefix = ".new."

    /// The folder for tables of environments.
    public var tables: String { "\(path)/tables" }

    /// What `body` opens; nil where there is nothing.
    @discardableResult
    static func found<T>(_ body: () throws(FileError) -> T) throws(FileError) -> T? {
        do throws(FileError) { return try body() } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    private static func make(_ path: String, _ calls: HostCalls) throws(FileError) -> HostDescriptor
    {
        var made = path.utf8.starts(with: "/".utf8) ? "" : "."
        for name in path.parts(at: "/") {
            made += "/\(name)"
            do throws(FileError) { try calls.makeFolder(path: made) } catch {
                // A parent that is there may be one that nothing can be made in.
                if error.kind == .exists { continue }
                if try found({ () throws(FileError) in try calls.openFolder(path: made) }) != nil {
                    continue
                }
                throw error.at("store \(path)")
            }
        }
        return try calls.openFolder(path: path)
    }

    static func make(
        _ name: String,
        in folder: HostDescriptor,
        _ calls: HostCalls
    ) throws(FileError) {
        if try calls.status(name, in: folder) != nil { return }
        do throws(FileError) { try calls.makeFolder(name, in: folder) } catch {
            if error.kind == .exists { return }
            throw error
        }
        try calls.syncNames(folder)
    }

    /// The folder of packages.
    func packagesFolder() throws(FileError) -> HostDescriptor {
        guard let packageFolder else { throw FileError(.notFound, "store \(path)") }
        return packageFolder
    }

    /// All packages, by name, version and id.
    ///
    /// - Complexity: that of listing a folder: no package is opened.
    public func packages() throws(FileError) -> [StoredPackage] {
        try packagesUnsorted().sorted()
    }

    /// All packages, or those of a name, in no order.
    package func packagesUnsorted(named name: String? = nil) throws(FileError) -> [StoredPackage] {
        guard let packageFolder else { return [] }
        let prefix = name.map { Array("\($0)-".utf8) } ?? []
        return try calls.names(in: packageFolder, beginning: prefix).compactMap {
            StoredPackage(fileName: $0)
        }.filter { name == nil || $0.name == name }
    }

    /// Where a package's file is.
    public func place(of package: StoredPackage) -> String {
        "\(path)/\(Self.packagesName)/\(package.fileName)"
    }

    /// Whether it has a package.
    public func has(_ package: StoredPackage) throws(FileError) -> Bool {
        guard let packageFolder else { return false }
        return try calls.status(package.fileName, in: packageFolder) != nil
    }

    /// Says that this process uses packages of this store, until the lease is let go of; whether
    /// they are here is to be looked at afterwards.
    ///
    /// Errors: those of writing to the store; `.notFound` where there is none.
    package func lease(_ packages: [StoredPackage]) throws(FileError) -> Lease {
        try lease(packages.map(\.id), nil).lease
    }

    /// Whether an error of writing says that nothing can be written here now: for want of rights, of
    /// room, or of a store.
    ///
    /// Who only reads does without a lease then: what it has open it keeps.
    package static func isUnwritable(_ error: FileError) -> Bool {
        [.readOnly, .permission, .notFound, .noSpace, .quota].contains(error.kind)
    }

    /// The same, by a lease that may be there already, and gives the lines of the packages in it.
    func lease(
        _ packages: [ContentID],
        _ known: Lease?
    ) throws(FileError) -> (lease: Lease, lines: [Int]) {
        guard let folder else { throw FileError(.notFound, "store \(path)") }
        return try shared { () throws(FileError) in
            let leases = try calls.openFolder(Self.leasesName, in: folder)
            let lease = if let known { known } else { try Lease(in: leases, calls: calls) }
            return (lease, try lease.add(packages))
        }
    }

    /// Runs `body` while nobody removes packages, which it waits for.
    func shared<T>(_ body: () throws(FileError) -> T) throws(FileError) -> T {
        let lock = try sharedLock()
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// The lock that keeps everybody from removing packages, which it waits for.
    func sharedLock() throws(FileError) -> HostDescriptor {
        let lock = try lockFile()
        try calls.awaitLock(lock, shared: true)
        return lock
    }

    /// Runs `body` while nobody takes packages, begins to use any, or removes any.
    ///
    /// Errors: `.busy` when somebody does just now.
    func alone<T>(
        _ body: () throws(FileError) -> T
    ) throws(FileError) -> T {
        let lock = try lockFile()
        defer { withExtendedLifetime(lock) {} }
        do throws(FileError) { try calls.lock(lock, shared: false) } catch {
            guard error.kind == .busy else { throw error }
            throw FileError(.busy, "store \(path): another command is using it")
        }
        return try body()
    }

    private func lockFile() throws(FileError) -> HostDescriptor {
        guard let folder else { throw FileError(.notFound, "store \(path)") }
        return try calls.lockFile(Self.lockName, in: folder)
    }
}
