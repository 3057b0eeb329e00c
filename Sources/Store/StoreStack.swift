public import FileTree
import Glibc

/// The stores that a user reads: the own one, which is written, and the machine's below it.
///
/// What is in an upper one hides what is of the same name in a lower: home over common over
/// system.
public struct StoreStack: Sendable {
    /// The stores' folders, the one that is written first.
    public let paths: [String]

    /// Takes folders in their order.
    public init(paths: [String]) {
        var seen: Set<String> = []
        self.paths = paths.map(Self.absolute).filter { seen.insert($0).inserted }
    }

    /// A path that means the same wherever the process goes: a server leaves the directory that it
    /// was started in.
    private static func absolute(_ path: String) -> String {
        // Where that has no name it says what it is itself when it is opened.
        guard !path.utf8.starts(with: "/".utf8), !path.isEmpty, let folder = getcwd(nil, 0) else {
            return path
        }
        defer { free(folder) }
        return String(validatingCString: folder).map { "\($0)/\(path)" } ?? path
    }

    /// The stores of this process's user.
    ///
    /// `store`, else, where no `root` is given, `PAK_STORE`, is the one that is written, else the
    /// user's own below `XDG_DATA_HOME`; root's is the system's. Of `root`, else `PAK_ROOT`, only
    /// what lies below that directory is used.
    public init(store: String? = nil, root: String? = nil) throws(FileError) {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        // What is asked for in words is meant, whatever a variable says.
        let named = store ?? (root == nil ? variable("PAK_STORE") : nil)
        let root = root ?? variable("PAK_ROOT")
        let top = root.map { $0 == "/" ? "" : $0 } ?? ""
        let machine = ["\(top)/usr/local/lib/pak", "\(top)/var/lib/pak"]
        if let store = named {
            self.init(paths: [store] + machine)
            return
        }
        if root != nil || geteuid() == 0 {
            self.init(paths: ["\(top)/var/lib/pak", "\(top)/usr/local/lib/pak"])
            return
        }
        let home = variable("HOME").map { "\($0)/.local/share" }
        let data =
            variable("XDG_DATA_HOME").flatMap { $0.utf8.starts(with: "/".utf8) ? $0 : nil } ?? home
        guard let data else {
            throw FileError(.notFound, "no store: neither XDG_DATA_HOME nor HOME is set")
        }
        self.init(paths: ["\(data)/pak"] + machine)
    }

    /// The folder that is written.
    public var writtenPath: String { paths.first ?? "" }

    /// Opens the store that is written; makes it when it is missing.
    public func written() throws(FileError) -> Store { try Store(writing: writtenPath) }

    /// Opens all of them for reading, in their order.
    ///
    /// One below that may not be read is as if it were not there.
    public func all() throws(FileError) -> [Store] {
        var stores: [Store] = []
        for (number, path) in paths.enumerated() {
            do throws(FileError) { stores.append(try Store(reading: path)) } catch {
                guard number > 0, error.kind == .permission else {
                    // Where it is said already, once is enough.
                    throw error.context?.hasPrefix(path) == true ? error : error.at(path)
                }
            }
        }
        return stores
    }
}
