import Archive
package import FileTree
import Synchronization

// What has too many packages for their ids to stand in a log has numbers of them there.
extension Store {
    /// The file that gives packages numbers.
    package static let knownName = "known"
    /// The longest.
    private static let knownLimit = 1 << 30

    /// The packages of these numbers, in their order.
    ///
    /// - Complexity: that of the packages, and of reading the file where one was never seen.
    /// Errors: `.malformed` with the number that no line has which is whole.
    package func packages(numbered numbers: [Int]) throws(FileError) -> [StoredPackage] {
        if let found = known.withLock({ $0.packages(numbered: numbers) }) { return found }
        var read = KnownPackages(try knownBytes())
        guard let found = read.packages(numbered: numbers) else {
            let missing = numbers.first { read.packages(numbered: [$0]) == nil } ?? 0
            throw .malformed("\(Self.knownName): no package \(missing)")
        }
        known.withLock { $0 = read }
        return found
    }

    private func knownBytes() throws(FileError) -> [UInt8] {
        guard let folder else { return [] }
        return try Self.found { () throws(FileError) in
            try calls.bytes(Self.knownName, in: folder, limit: Self.knownLimit)
        } ?? []
    }

    /// The numbers of packages; those that have none get one.
    ///
    /// The caller keeps collections away. With `isNamed` all of them are on storage afterwards, for
    /// a log to name them. Errors: those of writing; what was written by then does no harm.
    @discardableResult
    func numbers(
        of packages: [StoredPackage],
        isNamed: Bool
    ) throws(FileError) -> [Int] {
        guard let folder else { throw FileError(.notFound, "store \(path)") }
        let file = try calls.lockFile(Self.knownName, in: folder)
        try calls.awaitLock(file, shared: false)
        let old = try calls.bytes(of: file, Self.knownName, limit: Self.knownLimit)
        var known = KnownPackages(old)
        let (numbers, new) = known.numbers(of: packages)
        let end = known.end
        guard end + new.count <= Self.knownLimit else { throw FileError(.tooBig, Self.knownName) }
        if old.count > end { try calls.resize(file, to: UInt64(end)) }
        try write(new, file, at: end)
        guard isNamed else { return numbers }
        do throws(FileError) { try calls.syncBytes(file) } catch {
            // The host takes for written what it could not write: all of it goes there again.
            try write(old[..<end] + new, file, at: 0)
            try calls.syncBytes(file)
        }
        // Who made the file may not have come so far.
        try calls.syncNames(folder)
        return numbers
    }

    private func write(
        _ bytes: some Collection<UInt8>,
        _ file: HostDescriptor,
        at place: Int
    ) throws(FileError) {
        let bytes = Array(bytes)
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try calls.write(file, bytes, at: UInt64(place))
        }
    }

    /// Notes a package that has come, so that what names it later has nothing to write; nobody may
    /// be collecting.
    func note(_ package: StoredPackage) {
        // Who names it notes it, too.
        _ = try? numbers(of: [package], isNamed: false)
    }

    /// Lets go of the numbers that nothing names, of packages that are not here, and writes again
    /// what is damaged; nobody may be noting any.
    func forgetKnown(
        besides numbers: Set<Int>,
        _ packages: Set<ContentID>
    ) throws(FileError) {
        guard let folder else { return }
        let old = try knownBytes()
        var known = KnownPackages(old)
        let new = known.bytes { numbers.contains($0) || packages.contains($1) }
        if new != old { try calls.replace(Self.knownName, in: folder, with: new) }
    }

    /// Tells what is wrong with the file of numbers.
    package func verifyKnown(_ tell: (FileError) -> Void) throws(FileError) {
        let damaged = KnownPackages(try knownBytes()).damaged
        if damaged > 0 { tell(.malformed("\(path)/\(Self.knownName): \(damaged) damaged lines")) }
    }

    /// The bytes of the file of numbers; nil where there is none.
    package func knownSize() throws(FileError) -> UInt64? {
        try folder.flatMap { (folder) throws(FileError) in
            try calls.status(Self.knownName, in: folder)?.size
        }
    }
}

/// The numbers of packages for a log: no collection takes them while this is there, up to when the
/// log that names them is on storage.
///
/// A collection reads all logs while it holds the store's lock alone. This one is shared: a
/// collection sees either what names a package, or that nothing does. It waits for no environment's
/// lock, so that who holds one may wait for it here.
package struct PackageNumbers: ~Copyable {
    private let store: Store
    private let isCollecting: Bool
    private var lock: HostDescriptor?

    /// Makes one that holds nothing so far; `isCollecting` says that its caller has the store alone.
    package init(_ store: Store, isCollecting: Bool = false) {
        self.store = store
        self.isCollecting = isCollecting
    }

    /// The numbers of packages, which are on storage.
    ///
    /// Errors: those of writing.
    package mutating func of(_ packages: [StoredPackage]) throws(FileError) -> [Int] {
        if lock == nil, !isCollecting { lock = try store.sharedLock() }
        return try store.numbers(of: packages, isNamed: true)
    }
}
