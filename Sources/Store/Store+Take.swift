package import Archive
package import FileTree

extension Store {
    /// Holds packages in this store, and takes those that it has not from others.
    ///
    /// What happens in those then takes nothing away here. A file gets a name here as well where
    /// the host allows that, which costs nothing; else it shares its blocks where the file system
    /// can, and only else it is copied. Errors: `.notFound` with a package that no store has;
    /// those of writing.
    package func take(
        _ packages: [StoredPackage],
        from others: [Store]
    ) throws(FileError) -> Lease {
        let folder = try packagesFolder()
        // Held first and looked at then: from there on nobody removes them.
        let lease = try lease(packages)
        var isNew = false
        for package in packages where try !has(package) {
            var other: Store?
            for one in others where try one.has(package) {
                other = one
                break
            }
            guard let from = try other?.packagesFolder() else {
                let words = "package \(package.name) \(package.version) \(package.id)"
                throw FileError(.notFound, words)
            }
            try take(package.fileName, from, folder)
            isNew = true
        }
        if isNew { try calls.syncNames(folder) }
        return lease
    }

    private func take(
        _ name: String,
        _ other: HostDescriptor,
        _ folder: HostDescriptor
    ) throws(FileError) {
        do throws(FileError) { return try calls.link(name, of: other, in: folder) } catch {
            // Another was faster.
            if error.kind == .exists { return }
        }
        // Another file system, or another's file, which the kernel has nobody link.
        let file = try calls.open(name, in: other, writable: false)
        let part = "\(Self.newPrefix)\(UInt64.random(in: .min ... .max))"
        let new = try begin(part, in: folder)
        do throws(FileError) {
            do throws(FileError) { try calls.clone(file, to: new) } catch {
                // Whatever it is: what keeps a copy from being made is told then.
                try copy(file, to: new)
            }
            try calls.sync(new)
            try calls.rename(part, to: name, in: folder)
        } catch {
            // One that stays is not locked any more, and goes with the next collection.
            try? calls.remove(part, in: folder)
            throw error
        }
    }

    private func copy(_ file: HostDescriptor, to new: HostDescriptor) throws(FileError) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { room.deallocate() }
        var done: UInt64 = 0
        while true {
            let count = try calls.read(file, into: room, at: done)
            guard count > 0 else { return }
            try calls.write(new, UnsafeRawBufferPointer(rebasing: room[..<count]), at: done)
            done += UInt64(count)
        }
    }
}
