import Archive
package import FileTree
import Synchronization

/// The files of numbers as a process has left them: while nobody else adds to them it need not read
/// them again.
struct LeftNumbers {
    private(set) var table = KnownPackages()
    /// Each file, and where its lines end.
    private var files: [(file: HostDescriptor, end: UInt64)] = []
    /// The lines that each lacks, which the other has.
    private var missing: [[UInt8]] = []

    init() {}

    /// Reads the files, unless they are as they were left.
    mutating func follow(_ found: [HostDescriptor], _ calls: HostCalls) throws(FileError) {
        var isSame = files.count == found.count
        for (old, new) in zip(files, found) {
            let (size, isIt) = (try calls.status(new).size, try calls.isSame(old.file, new))
            if !isIt || size != old.end { isSame = false }
        }
        if isSame { return }
        let all = try found.map { (file) throws(FileError) in
            try calls.bytes(of: file, Store.knownNames[0], limit: Store.knownLimit)
        }
        if all[0] == all[1], all[0].last ?? UInt8(ascii: "\n") == UInt8(ascii: "\n") {
            // Nobody lacks anything: no line is looked at.
            files = found.map { ($0, UInt64(all[0].count)) }
            missing = [[], []]
            table = KnownPackages(all[0])
            return
        }
        let sound = all.map(KnownPackages.Sound.init)
        files = zip(found, sound).map { ($0, UInt64($1.end)) }
        missing = [sound[1].lines(besides: sound[0]), sound[0].lines(besides: sound[1])]
        table = KnownPackages(Array(all[0][..<sound[0].end]) + missing[0])
    }

    /// The numbers of packages; lines that are new are added to both files, and what one of them
    /// lacks.
    ///
    /// With `isNamed` all of it is on storage afterwards. Errors: those of writing; what has come
    /// by then is cut off, for it may never be on storage, whatever the next is told.
    mutating func number(
        _ packages: [StoredPackage],
        isNamed: Bool,
        _ calls: HostCalls
    ) throws(FileError) -> [Int] {
        let (numbers, new) = try table.number(packages)
        let before = files
        do throws(FileError) {
            for place in files.indices { try add(missing[place] + new, place, calls) }
            if isNamed { for (file, _) in files { try calls.syncBytes(file) } }
        } catch {
            for (file, end) in before { try? calls.resize(file, to: end) }
            throw error
        }
        missing = [[], []]
        return numbers
    }

    private mutating func add(
        _ bytes: [UInt8],
        _ place: Int,
        _ calls: HostCalls
    ) throws(FileError) {
        let (file, end) = files[place]
        if try calls.status(file).size > end { try calls.resize(file, to: end) }
        guard end + UInt64(bytes.count) <= UInt64(Store.knownLimit) else {
            throw FileError(.tooBig, Store.knownNames[place])
        }
        guard !bytes.isEmpty else { return }
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try calls.write(file, bytes, at: end)
        }
        files[place].end += UInt64(bytes.count)
    }
}

extension Store {
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
        do throws(FileError) {
            let files = try Self.knownNames.map { (name) throws(FileError) in
                let file = try calls.lockFile(name, in: folder)
                try calls.give(file, toOwnerOf: folder)
                return file
            }
            // Opened once more: the others are kept, and would keep the lock.
            let lock = try calls.lockFile(Self.knownNames[0], in: folder)
            defer { withExtendedLifetime(lock) {} }
            try calls.awaitLock(lock, shared: false)
            let numbers = try left.withLock { (left) throws(FileError) in
                do throws(FileError) {
                    try left.follow(files, calls)
                    return try left.number(packages, isNamed: isNamed, calls)
                } catch {
                    // What came of it is read again.
                    left = LeftNumbers()
                    throw error
                }
            }
            // Who made the files may not have come so far.
            if isNamed { try calls.syncNames(folder) }
            return numbers
        } catch {
            throw error.at("store \(path)")
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
    ///
    /// Errors: those of writing, where something is damaged; where nothing is all may stay.
    func forgetKnown(
        besides numbers: Set<Int>,
        _ packages: Set<ContentID>
    ) throws(FileError) {
        guard let folder else { return }
        let all = try Self.knownNames.map { (name) throws(FileError) in try knownBytes(name) }
        let sound = all.map(KnownPackages.Sound.init)
        let lines = sound.reduce(into: [:]) { $0.merge($1.lines) { line, _ in line } }
        let last = lines.keys.max()
        var kept: [UInt8] = []
        for (number, line) in lines.sorted(by: { $0.key < $1.key }) {
            // Behind the last one numbers go on.
            let isKept = number == last || numbers.contains(number)
            let id = line.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix(64)
                .withUnsafeBytes { ContentID(digits: $0) }
            if isKept || id.map(packages.contains) == true { kept += line }
        }
        for (place, name) in Self.knownNames.enumerated() where all[place] != kept {
            do throws(FileError) { try calls.replace(name, in: folder, with: kept) } catch {
                guard sound[place].damaged == 0, Self.isUnwritable(error) else {
                    throw error.at("store \(path)")
                }
            }
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
