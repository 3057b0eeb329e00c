package import Archive
package import FileTree
import Glibc
import Terminal

/// Opens packages of any form, and knows where what is made of them is kept.
package struct PackageOpener: Sendable {
    /// Where tables of environments are kept; nil to keep none.
    package let tableFolder: String?
    /// Packages that are open already, by their paths.
    var opened: [String: Package] = [:]
    private let frames = FrameCache()
    private let imports = ImportCache()

    /// Makes an opener that keeps what it makes in the user's folder for such.
    package init(tables: String? = ImportCache.standardFolder.map { "\($0)/tables" }) {
        tableFolder = tables
    }

    /// Opens a package; a foreign archive is packed into the cache first, and a bar shows how far
    /// that is.
    ///
    /// `asLayer` is for stacks, where some names hide what is in the packages below.
    package func open(_ path: String, asLayer: Bool) throws(FileError) -> Package {
        if let known = opened[path] { return known }
        let meter = ProgressMeter()
        defer { meter.clear() }
        var options = ImportOptions()
        options.isLayer = asLayer
        options.progress = ImportProgress { meter.show($0, of: $1, path) }
        return try Package.open(path, frames: frames, imports: imports, options)
    }

    /// Whether a package is a directory, whose files may change while they are served.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
