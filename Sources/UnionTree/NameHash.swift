import Archive
import FileTree

/// The hashes that tables find names by, and that qids are made of.
///
/// They are part of what clients keep: a qid is the same on every host and after every restart.
/// Two files with one qid are found when a table is built, and it is built again with another
/// salt, which enters every hash.
enum NameHash {
    /// The hash of a name.
    @inline(__always)
    static func name(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> UInt64 {
        var hash = StableHash(domain: salt)
        hash.combine(bytes)
        return hash.finish()
    }

    /// The qid's path of the directory with a name of hash `name`, in the one of path `parent`.
    @inline(__always)
    static func path(_ parent: UInt64, _ name: UInt64) -> UInt64 {
        var hash = StableHash(domain: parent)
        hash.combine(name)
        return hash.qidPath()
    }

    /// The qid's path of a package's file: of its inode, which is the order in which the package
    /// first names it.
    @inline(__always)
    static func member(_ package: UInt64, _ inode: UInt32) -> UInt64 {
        var hash = StableHash(domain: package)
        hash.combine(UInt64(inode))
        return hash.qidPath()
    }

    /// What the paths of a package's files start from: the same in every view, on every host.
    static func package(_ id: ContentID, salt: UInt64) -> UInt64 {
        var hash = StableHash(domain: salt)
        hash.combine(id.words.0)
        hash.combine(id.words.1)
        hash.combine(id.words.2)
        hash.combine(id.words.3)
        return hash.finish()
    }

    /// The qid's path of the root of an environment, from which those of its directories follow.
    static func root(_ environment: String, salt: UInt64) -> UInt64 {
        var hash = StableHash(domain: salt ^ 0x726f_6f74)
        var name = environment
        name.withUTF8 { hash.combine(UnsafeRawBufferPointer($0)) }
        return hash.qidPath()
    }
}
