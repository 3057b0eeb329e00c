public import Archive
public import FileTree

extension Store {
    /// What an import came to.
    public struct Imported: Sendable {
        /// The package.
        public var package: StoredPackage
        /// Whether it was here before, and whole.
        public var isKnown: Bool
        /// Names that the archive has more than once; the last counts.
        public var replaced: [[UInt8]] = []
        /// What keeps it here for as long as this process uses it.
        package var lease: Lease
    }

    /// Takes a package of any form into the store.
    ///
    /// A native package is read whole and checked, any other is packed. Errors: `.malformed` with
    /// file, member and reason, and then nothing has come; those of writing. One that is here and
    /// damaged is put right.
    public func add(
        _ file: String,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> Imported {
        let folder = try packagesFolder()
        let name = "\(Self.newPrefix)\(UInt64.random(in: .min ... .max))"
        let new = try begin(name, in: folder)
        do throws(FileError) {
            let (package, replaced) = try fill(new, from: file, options)
            try calls.sync(new)
            return try shared { () throws(FileError) in
                let leases = try self.folder.map { (folder) throws(FileError) in
                    try calls.openFolder(Self.leasesName, in: folder)
                }
                guard let leases else { throw FileError(.notFound, "store \(path)") }
                let lease = try Lease(in: leases, calls: calls)
                try lease.add([package.id])
                let isKnown = try has(package) && isWhole(package)
                if isKnown {
                    try calls.remove(name, in: folder)
                } else {
                    try calls.rename(name, to: package.fileName, in: folder)
                    try calls.syncNames(folder)
                    note(package)
                }
                return Imported(
                    package: package,
                    isKnown: isKnown,
                    replaced: replaced,
                    lease: lease
                )
            }
        } catch {
            // One that stays is not locked any more, and goes with the next collection.
            try? calls.remove(name, in: folder)
            throw error
        }
    }

    /// Makes the file that is to be a package when it is written.
    func begin(_ name: String, in folder: HostDescriptor) throws(FileError) -> HostDescriptor {
        try shared { () throws(FileError) in
            let new = try calls.make(name, in: folder)
            // Locked for as long as it is made: without, it is a dead process's.
            try calls.lock(new, shared: false)
            return new
        }
    }

    private func isWhole(_ package: StoredPackage) -> Bool {
        do throws(FileError) { try check(package) } catch { return false }
        return true
    }

    private func fill(
        _ new: HostDescriptor,
        from path: String,
        _ options: ImportOptions
    ) throws(FileError) -> (StoredPackage, replaced: [[UInt8]]) {
        let id: ContentID
        let manifest: Manifest
        var replaced: [[UInt8]] = []
        if let native = try Self.native(path) {
            try native.package.verify()
            try copy(native.file, to: new)
            id = native.package.id
            manifest = native.package.manifest
        } else {
            let report = try Packer.pack(path, to: new.number, options)
            id = report.id
            manifest = report.manifest
            replaced = report.replaced
        }
        guard
            let package = StoredPackage(
                name: manifest.name ?? "",
                version: manifest.version ?? "",
                id: id
            )
        else {
            let words = "\(manifest.name ?? "") \(manifest.version ?? "")"
            throw FileError(.invalid, "\(path): not a name and a version for a store: \(words)")
        }
        return (package, replaced)
    }

    private static func native(
        _ path: String
    ) throws(FileError) -> (file: HostFile, package: Package)? {
        let type: FileType
        do throws(FileError) {
            type = try HostDescriptor.openFile(path: path).typeAndSize().type
        } catch {
            throw error.at(path)
        }
        guard type == .regular else { return nil }
        let file = try HostFile(path)
        let package = try Package.native(file, cache: FrameCache(capacity: 1 << 20))
        return package.map { (file, $0) }
    }

    private func copy(_ file: HostFile, to new: HostDescriptor) throws(FileError) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { room.deallocate() }
        var done: UInt64 = 0
        while done < file.size {
            let count = try file.read(into: room, at: done)
            guard count > 0 else { throw FileError(.inputOutput, "\(file.path): cut while read") }
            try calls.write(new, UnsafeRawBufferPointer(rebasing: room[..<count]), at: done)
            done += UInt64(count)
        }
    }
}
