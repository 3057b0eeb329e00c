package import FileTree
package import Store
package import Terminal

extension Complaint {
    /// Tells what went wrong with a store, and what helps where that is known; `cure` for all else.
    package init(
        _ error: FileError,
        in store: Store,
        try cure: String? = nil,
        status: Int32 = 1
    ) {
        if error.kind == .noSpace {
            // What was being written has a name of ours at most: the store is what is known.
            let cure = "pak gc, or --store FOLDER, where there is room"
            self.init("store \(store.path)", error, try: cure, status: status)
        } else if cure == nil, error.kind == .notFound, error.context?.contains("package ") == true
        {
            self.init(error, try: "pak import the package again", status: status)
        } else if cure == nil, error.kind == .malformed,
            error.context?.utf8.starts(with: "environment ".utf8) == true
        {
            let cure = "pak history, and pak switch to another generation"
            self.init(error, try: cure, status: status)
        } else {
            self.init(error, try: cure, status: status)
        }
    }
}
