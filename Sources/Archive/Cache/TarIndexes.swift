import FileTree
import Glibc

extension ImportCache {
    /// The least bytes of an index that is worth a file.
    private static var leastSize: Int { 64 << 10 }

    /// The index of a plain tar: kept from the last time, or made of its headers and kept.
    ///
    /// It is found by the file's identity on the host, and is not trusted to be of another. Errors:
    /// those of `Package.indexOfTar`.
    func indexOfTar(_ file: HostFile) throws(FileError) -> Index {
        // A tar that changed just now may change again and have the same times.
        let isSettled = try ForeignFile(file.path, ImportOptions()).memo() != nil
        return try indexOfTar(file, isSettled: isSettled)
    }

    func indexOfTar(_ file: HostFile, isSettled: Bool) throws(FileError) -> Index {
        let path = folder.map { "\($0.path)/tar/\(file.identity)" }
        if let path, let kept = Self.kept(path), kept.contentID == file.identity { return kept }
        let bytes = try Package.indexOfTar(file)
        if let path, isSettled, bytes.count >= Self.leastSize {
            // Where it cannot be kept, for want of room perhaps, it is still good for now.
            try? Self.keep(bytes, path)
            if let kept = Self.kept(path), kept.contentID == file.identity { return kept }
        }
        return try Index(spooling: bytes)
    }

    private static func keep(_ bytes: [UInt8], _ path: String) throws(FileError) {
        let file = try NewFile(for: path)
        try bytes.withBytes { bytes throws(FileError) in
            try HostWrite.all(bytes, to: file.descriptor)
        }
        try file.commit()
    }

    /// Nil for one that is not there, or is damaged: it is made anew.
    private static func kept(_ path: String) -> Index? {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        defer { withExtendedLifetime(descriptor) {} }
        var status = stat()
        guard fstat(number, &status) == 0, status.st_size > 0,
            let index = try? Index(mapping: number, at: 0, length: Int(status.st_size))
        else { return nil }
        // Its time says when it was used last.
        futimens(number, nil)
        return index
    }
}

extension Index {
    /// Opens an index that is kept, if it is large, in a file without a name where that can be
    /// had, so that its pages need not stay in memory; else in memory.
    convenience init(spooling bytes: [UInt8]) throws(FileError) {
        guard bytes.count >= 1 << 20, let number = try? ScratchFile.make() else {
            try self.init(bytes)
            return
        }
        let descriptor = Descriptor(number)
        defer { withExtendedLifetime(descriptor) {} }
        do throws(FileError) {
            try bytes.withBytes { bytes throws(FileError) in
                try HostWrite.all(bytes, to: number)
            }
        } catch {
            // No space there: memory it is.
            try self.init(bytes)
            return
        }
        try self.init(mapping: number, at: 0, length: bytes.count)
    }
}
