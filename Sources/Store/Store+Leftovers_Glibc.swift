import FileTree
import Glibc

extension Store {
    /// Removes all tables, where there is no room for what nothing can be made of again; false where
    /// there was none.
    ///
    /// Who has one open goes on with it.
    package func removeTables() -> Bool {
        var isAny = false
        // It is a cache: what cannot be removed gives no room.
        try? Self.found { () throws(FileError) in
            let tables = try calls.openFolder(path: self.tables)
            for bytes in try calls.names(in: tables) {
                let name = String(decoding: bytes, as: UTF8.self)
                do throws(FileError) { try calls.remove(name, in: tables) } catch { continue }
                isAny = true
            }
        }
        return isAny
    }

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
