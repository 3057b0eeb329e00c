public import Archive
public import FileTree

extension Store {
    /// A package and why it stays or goes.
    public struct Verdict: Sendable {
        /// The package.
        public var package: StoredPackage
        /// Bytes of its file.
        public var size: UInt64
        /// Who uses it, each in a few words; nobody, and it goes.
        public var reasons: [String]
    }

    /// What environments use.
    public struct Uses: Sendable {
        /// Packages, and who uses each, in a few words.
        public var packages: [ContentID: [String]]
        /// Lists.
        public var lists: Set<ContentID> = []
        /// Numbers of packages.
        public var numbers: Set<Int> = []

        /// Says what is used.
        public init(packages: [ContentID: [String]] = [:]) { self.packages = packages }
    }

    /// What a collection came to.
    public struct Collected: Sendable {
        /// All packages.
        public var packages: [Verdict]
        /// The lists that go.
        public var lists: [FoundList]
    }

    /// Removes the packages and lists that nobody uses, and what killed processes left.
    ///
    /// `uses` says what is used beside what processes and `roots/` do. It is asked while nothing
    /// can come or go, and after the leases were read: who lets go of one meanwhile has written
    /// before that what keeps its packages, so that it is found here. With `isDry` nothing is
    /// removed. Errors: `.busy` when somebody takes, uses or removes packages just now; those of
    /// reading, before anything is removed: what cannot be read may name packages.
    public func collect(
        isDry: Bool,
        uses: () throws(FileError) -> Uses
    ) throws(FileError) -> Collected {
        let folder = try packagesFolder()
        // A store that cannot be written can be asked: nothing has to be kept from coming or going.
        if isDry, !isWritable { return try collected(folder, isDry: true, uses) }
        return try alone { () throws(FileError) in
            var numbers: Set<Int> = []
            let all = try collected(folder, isDry: isDry) { () throws(FileError) in
                let uses = try uses()
                numbers = uses.numbers
                return uses
            }
            guard !isDry else { return all }
            for verdict in all.packages where verdict.reasons.isEmpty {
                try calls.remove(verdict.package.fileName, in: folder)
            }
            try removeLeftovers(folder)
            try remove(all.lists)
            let kept = all.packages.filter { !$0.reasons.isEmpty }
            try forgetKnown(besides: numbers, Set(kept.map(\.package.id)))
            try removeUnfinishedTables()
            return all
        }
    }

    private func collected(
        _ folder: HostDescriptor,
        isDry: Bool,
        _ uses: () throws(FileError) -> Uses
    ) throws(FileError) -> Collected {
        var reasons: [ContentID: [String]] = [:]
        for (id, name) in try roots() { reasons[id, default: []].append("root \(name)") }
        for (text, lease) in try leases(isDry: isDry) {
            guard let id = ContentID(hexadecimal: text) else { continue }
            reasons[id, default: []].append("process \(lease.prefix { $0 != "." })")
        }
        let uses = try uses()
        return Collected(
            packages: try verdicts(folder, reasons.merging(uses.packages) { $0 + $1 }),
            lists: try lists(besides: uses.lists)
        )
    }

    private func verdicts(
        _ folder: HostDescriptor,
        _ reasons: [ContentID: [String]]
    ) throws(FileError) -> [Verdict] {
        var verdicts: [Verdict] = []
        for package in try packages() {
            let size = try calls.status(package.fileName, in: folder)?.size ?? 0
            let uses = (reasons[package.id] ?? []).sorted()
            verdicts.append(Verdict(package: package, size: size, reasons: uses))
        }
        return verdicts
    }

    /// Removes what nobody makes any more.
    private func removeLeftovers(_ folder: HostDescriptor) throws(FileError) {
        for bytes in try calls.names(in: folder) {
            let name = String(decoding: bytes, as: UTF8.self)
            guard name.hasPrefix(Self.newPrefix) else { continue }
            do throws(FileError) {
                let file = try calls.open(name, in: folder, writable: false)
                try calls.lock(file, shared: false)
            } catch {
                if [.busy, .notFound].contains(error.kind) { continue }
                throw error
            }
            // An import that failed may have taken it away itself meanwhile.
            try Self.found { () throws(FileError) in try calls.remove(name, in: folder) }
        }
    }

    private func leases(isDry: Bool) throws(FileError) -> [String: String] {
        guard let folder else { return [:] }
        let leases = try calls.openFolder(Self.leasesName, in: folder)
        return try Lease.inUse(in: leases, calls: calls, removingDead: !isDry)
    }

    /// The packages that files of `roots/` name, and which file does.
    private func roots() throws(FileError) -> [(ContentID, String)] {
        guard let folder,
            let roots = try Self.found({ () throws(FileError) in
                try calls.openFolder(Self.rootsName, in: folder)
            })
        else { return [] }
        var found: [(ContentID, String)] = []
        for bytes in try calls.names(in: roots) {
            let name = String(decoding: bytes, as: UTF8.self)
            for line in try calls.bytes(name, in: roots, limit: 1 << 24)
                .split(separator: UInt8(ascii: "\n"))
            {
                let text = String(decoding: line.prefix(64), as: UTF8.self)
                guard let id = ContentID(hexadecimal: text) else {
                    throw .malformed("\(path)/\(Self.rootsName)/\(name): a line is no id")
                }
                found.append((id, name))
            }
        }
        return found
    }

    /// What a check of one package came to.
    public struct Finding: Sendable {
        /// The package.
        public var package: StoredPackage
        /// Bytes of its file.
        public var size: UInt64
        /// What is wrong with it; nil when it is whole.
        public var fault: FileError?
    }

    /// Reads every byte of every package, and shows what came of each as it is known.
    ///
    /// One that is removed meanwhile is left out.
    public func verify(_ show: (Finding) -> Void) throws(FileError) {
        let folder = try packagesFolder()
        for package in try packages() {
            let size = try calls.status(package.fileName, in: folder)?.size ?? 0
            var finding = Finding(package: package, size: size)
            do throws(FileError) { try check(package) } catch {
                guard try has(package) else { continue }
                finding.fault = error
            }
            show(finding)
        }
    }

    /// Reads every list, and tells what is wrong with one.
    package func verifyLists(_ tell: (FileError) -> Void) throws(FileError) {
        for found in try lists() {
            do throws(FileError) { _ = try list(found.id, length: Int(clamping: found.size)) } catch
            {
                // One that is removed meanwhile is nobody's.
                if try lists().contains(where: { $0.id == found.id }) { tell(error) }
            }
        }
    }

    /// Reads every byte of a package.
    ///
    /// Errors: `.malformed` for one that is not what its name says.
    func check(_ package: StoredPackage) throws(FileError) {
        let path = place(of: package)
        guard let found = try Package.native(HostFile(path), cache: FrameCache(capacity: 1 << 20))
        else { throw .malformed("\(path): not a package") }
        try found.verify()
        guard found.id == package.id, found.name == package.name,
            found.manifest.version ?? "" == package.version
        else {
            throw .malformed("\(path): it is \(found.name) \(found.id)")
        }
    }

    /// The bytes of each package.
    public func sizes() throws(FileError) -> [(package: StoredPackage, size: UInt64)] {
        guard folder != nil else { return [] }
        let folder = try packagesFolder()
        return try packages().map { (package) throws(FileError) in
            (package, try calls.status(package.fileName, in: folder)?.size ?? 0)
        }
    }
}
