public import FileTree

/// A folder for one test, gone with its last holder and all that is in it.
public final class ScratchFolder: Sendable {
    /// Its path.
    public let path: String

    /// Makes an empty one where temporary files are.
    public init() throws(FileError) {
        path = try HostFolder.makeNew("\(HostFolder.temporary)/pak-test")
    }

    deinit { HostFolder.remove(path) }

    /// The names in it, sorted; none when it is gone.
    public var names: [String] { (try? HostFolder.names(in: path)) ?? [] }

    /// The path of a name in it.
    public subscript(_ name: String) -> String { "\(path)/\(name)" }
}
