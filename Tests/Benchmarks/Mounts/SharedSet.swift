import Archive
import FileTree
import Glibc

/// One tree of files cut into any number of packages, all of which share its directories: as
/// directories for the neighbours, and as packages.
struct SharedSet {
    static let shared = "usr/share/all"
    static let tree = "usr/share/doc"
    static let sharedCount = 10_000
    static let treeFolders = 100
    static let filesPerFolder = 10

    /// A folder in which the directories are called 0, 1, 2 and so on, and an empty one none.
    let place: String
    let count: Int
    let packages: [String]

    init(_ count: Int, in place: String) throws(FileError) {
        self.count = count
        self.place = place
        mkdir(place, 0o755)
        mkdir("\(place)/none", 0o755)
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
        func write(_ number: Int, _ path: String) throws(FileError) {
            let file = open("\(place)/\(number)/\(path)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            try CaptureFiles.check(file, path)
            defer { close(file) }
            try CaptureFiles.check(Int32(Glibc.write(file, bytes, bytes.count)), path)
        }
        for number in 0..<count {
            for folder in ["", "usr", "usr/share", Self.shared, Self.tree] {
                mkdir("\(place)/\(number)/\(folder)", 0o755)
            }
        }
        for file in 0..<Self.sharedCount { try write(file % count, "\(Self.shared)/file\(file)") }
        for folder in 0..<Self.treeFolders {
            for file in 0..<Self.filesPerFolder {
                let number = (folder + file) % count
                mkdir("\(place)/\(number)/\(Self.tree)/d\(folder)", 0o755)
                try write(number, "\(Self.tree)/d\(folder)/file\(file)")
            }
        }
        var packages: [String] = []
        for number in 0..<count {
            var options = ImportOptions()
            options.name = "p\(number)"
            let path = "\(place)/\(number).pak.zst"
            _ = try Packer.pack("\(place)/\(number)", to: path, options)
            packages.append(path)
        }
        self.packages = packages
    }

    /// The directories, in their order.
    var folders: [String] { (0..<count).map { "\(place)/\($0)" } }

    /// Some of the shared directory's files, in a random order.
    static func sample(_ count: Int, suffix: String = "") -> [String] {
        var random = Random(seed: 5)
        return (0..<count).map { _ in "\(shared)/file\(random.below(sharedCount))\(suffix)" }
    }
}
