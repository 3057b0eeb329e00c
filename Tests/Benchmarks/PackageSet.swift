import Archive
import FileTree
import Glibc

/// One tree of files cut into any number of packages, so that only the number differs.
///
/// A thousand groups of files, each with a name in usr/bin, which all share, and a folder of its
/// own in usr/lib; group k is in package k mod N.
struct PackageSet {
    static let groupCount = 1000
    /// Where in a group's folder a file is: ten folders of a tenth of its files.
    let filesPerGroup: Int
    /// The packages' files.
    let paths: [String]

    /// Makes `count` packages of `filesPerGroup` files a group in the folder `place`.
    init(_ count: Int, filesPerGroup: Int, fileSize: Int, in place: String) throws(FileError) {
        self.filesPerGroup = filesPerGroup
        mkdir(place, 0o755)
        var paths: [String] = []
        for number in 0..<count {
            let path = "\(place)/p\(number).pak.zst"
            try Self.write(path, "p\(number)", number, count, filesPerGroup, fileSize)
            paths.append(path)
        }
        self.paths = paths
    }

    private static func write(
        _ path: String,
        _ name: String,
        _ number: Int,
        _ count: Int,
        _ filesPerGroup: Int,
        _ fileSize: Int
    ) throws(FileError) {
        var names: [[UInt8]] = []
        for group in stride(from: number, to: groupCount, by: count) {
            names.append(Array("usr/bin/tool\(group)".utf8))
            for file in 0..<filesPerGroup {
                names.append(Array("usr/lib/g\(group)/d\(file % 10)/file\(file)".utf8))
            }
        }
        try write(path, name, names, fileSize)
    }

    /// Makes a package of empty files that no package of a set has.
    static func writeOther(
        _ path: String,
        _ name: String,
        files: Int
    ) throws(FileError) {
        let names = (0..<files).map { Array("usr/lib/\(name)/d\($0 % 10)/file\($0)".utf8) }
        try write(path, name, names, 0)
    }

    private static func write(
        _ path: String,
        _ name: String,
        _ names: [[UInt8]],
        _ fileSize: Int
    ) throws(FileError) {
        let names = names.sorted { MemberPath.precedes($0, $1) }
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileError(FileError.Kind(number: errno), path) }
        defer { close(file) }
        var manifest = Manifest()
        manifest.add("name", name)
        var writer = try PackageWriter(to: file, manifest: manifest, level: 1, workers: 1)
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: fileSize)
        for name in names {
            var member = Member(path: name, type: .regular, permissions: 0o644)
            member.size = UInt64(fileSize)
            try writer.append(member)
            var failure: FileError?
            bytes.withUnsafeBytes { bytes in
                do throws(FileError) { try writer.write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        _ = try writer.finish()
    }

    /// Some of the files, as names for a walk, in a random order.
    func sample(_ count: Int, last: String? = nil) -> PathPool {
        var random = Random(seed: 3)
        return PathPool(
            (0..<count).map { _ in
                let file = random.below(filesPerGroup)
                let group = random.below(Self.groupCount)
                return ["usr", "lib", "g\(group)", "d\(file % 10)", last ?? "file\(file)"]
            }
        )
    }
}
