public import FileTree

extension Package {
    /// Opens a package of any form.
    ///
    /// Native packages are mapped; plain tars and directories are served as they are; any other
    /// archive is made into a native package by `imports`, and so is a plain tar that is a layer.
    /// Errors: `.malformed` with file, member and reason; those of the host.
    public static func open(
        _ path: String,
        frames: FrameCache,
        imports: ImportCache,
        _ options: ImportOptions = ImportOptions()
    ) throws(FileError) -> Package {
        if try isDirectory(path) { return try openDirectory(path, options) }
        let file = try HostFile(path)
        if let package = try native(file, cache: frames) { return package }
        if !options.isLayer, try looksLikeTar(file),
            let package = try tar(file, index: imports.indexOfTar(file))
        {
            return package
        }
        let package = try imported(path, frames, imports, options)
        return Package(
            index: package.index,
            id: package.id,
            manifest: package.manifest,
            name: package.name,
            path: path,
            contents: package.contents
        )
    }

    /// The package that a foreign archive is made into; one that was damaged since is made again.
    private static func imported(
        _ path: String,
        _ frames: FrameCache,
        _ imports: ImportCache,
        _ options: ImportOptions
    ) throws(FileError) -> Package {
        var isSecond = false
        while true {
            let kept = try imports.package(path, options)
            do throws(FileError) {
                let file = try HostFile(kept.path, holder: kept.holder)
                if let package = try native(file, cache: frames) { return package }
                throw FileError.malformed("\(kept.path): not a package")
            } catch  where error.kind == .malformed && !isSecond {
                isSecond = true
                imports.discard(kept)
            }
        }
    }

    private static func isDirectory(_ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            return try HostDescriptor.openFile(path: path).typeAndSize().type == .directory
        } catch {
            throw error.at(path)
        }
    }
}
