import Archive
import Environments
import FileTree
import Glibc

/// The folder in which a pakfs has its layers.
enum LayerList {
    /// Makes the folder if it is missing; its path from the root.
    ///
    /// Errors: those of mkdir(2), with the path; `.invalid` for a folder that is itself a layer.
    static func makeFolder(_ folder: String) throws(FileError) -> String {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw FileError(FileError.Kind(number: errno), folder)
        }
        var status = Glibc.stat()
        guard stat(folder, &status) == 0 else {
            throw FileError(FileError.Kind(number: errno), folder)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw FileError(.notDirectory, folder) }
        guard access("\(folder)/log", F_OK) != 0 else {
            throw FileError(.invalid, "\(folder): a layer itself, not a folder for layers")
        }
        return TextFile.absolute(folder)
    }

    /// Whether there is a layer of that name.
    static func exists(_ id: String, in folder: String) -> Bool {
        access("\(folder)/\(id)/log", F_OK) == 0
    }

    /// The names of all layers, in no order.
    static func names(in folder: String) throws(FileError) -> [String] {
        try HostFolder.names(in: folder).filter {
            PackageName.isLegal($0) && exists($0, in: folder)
        }
    }
}
