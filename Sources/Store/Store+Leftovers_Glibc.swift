import FileTree
import Glibc

extension Store {
    /// Removes the tables that were being written, `KEY.union.PROCESS.NUMBER`, when their writers
    /// were killed.
    func removeUnfinishedTables() throws(FileError) {
        guard
            let tables = try Self.found({ () throws(FileError) in
                try calls.openFolder(path: self.tables)
            })
        else { return }
        for bytes in try calls.names(in: tables) {
            let name = String(decoding: bytes, as: UTF8.self)
            let parts = name.parts(at: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[1] == "union", let process = pid_t(parts[2]),
                process > 0, kill(process, 0) != 0, errno == ESRCH
            else { continue }
            // It is a cache: what cannot be removed is in nobody's way.
            try? calls.remove(name, in: tables)
        }
    }
}
