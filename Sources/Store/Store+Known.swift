import Archive
package import FileTree
import Synchronization

// What has too many packages for their ids to stand in a log has numbers of them there: see
// `KnownPackages`.
extension Store {
    /// The files that give packages numbers, of the same lines.
    static let knownNames = ["known", "known.copy"]
    /// The longest: half a million packages.
    static let knownLimit = 64 << 20

    /// The packages of these numbers, in their order.
    ///
    /// - Complexity: that of the packages, and of finding the lines of a file where one of them was
    /// never seen. Errors: `.malformed` with a number that no line has which is whole.
    package func packages(numbered numbers: [Int]) throws(FileError) -> [StoredPackage] {
        if let found = known.withLock({ $0.packages(numbered: numbers) }) { return found }
        var read = KnownPackages()
        for name in Self.knownNames {
            // The copy is looked at for what the first has lost.
            read.add(try knownBytes(name))
            guard let found = read.packages(numbered: numbers) else { continue }
            known.withLock { $0 = read }
            return found
        }
        let missing = numbers.first { read.packages(numbered: [$0]) == nil } ?? 0
        throw .malformed("\(Self.knownNames[0]): no package \(missing)")
    }

    /// Forgets what was read of numbers: a store that was put back as it was may have given them
    /// to others.
    package func forgetNumbers() { known.withLock { $0 = KnownPackages() } }

    /// The bytes of one of the files; none where it is not there, or is none that can be read.
    func knownBytes(_ name: String) throws(FileError) -> [UInt8] {
        guard let folder else { return [] }
        do throws(FileError) {
            return try calls.bytes(name, in: folder, limit: Self.knownLimit)
        } catch {
            guard [.notFound, .malformed, .tooBig].contains(error.kind) else {
                throw error.at("store \(path)")
            }
            return []
        }
    }

    /// Tells of lines that are damaged.
    ///
    /// Those that one of the files lacks are no damage: who was writing it may have been killed, and
    /// the next who writes adds them. What both have lost is told by the generations that name it.
    package func verifyKnown(_ tell: (FileError) -> Void) throws(FileError) {
        for name in Self.knownNames {
            let count = KnownPackages.Sound(try knownBytes(name)).damaged
            if count > 0 { tell(.malformed("\(path)/\(name): \(count) of its lines are damaged")) }
        }
    }

    /// The bytes of the files of numbers; nil where there are none.
    package func knownSize() throws(FileError) -> UInt64? {
        guard let folder else { return nil }
        var sum: UInt64?
        for name in Self.knownNames {
            guard let size = try calls.status(name, in: folder)?.size else { continue }
            sum = (sum ?? 0) + size
        }
        return sum
    }
}
