import Archive
package import FileTree
package import Store
package import Terminal

extension Complaint {
    /// Tells what went wrong with a store, and what helps where that is known; `cure` for all else.
    ///
    /// `options` are those of the command that say which stores.
    package init(
        _ error: FileError,
        in store: Store,
        options: [String] = [],
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
        } else if cure == nil, error.kind == .malformed, let name = Self.environment(of: error) {
            let words = (["-e", name] + options).map { ShellWord.quoted($0) }.joined(separator: " ")
            let cure = "pak history \(words), and pak switch \(words) to another generation"
            self.init(error, try: cure, status: status)
        } else {
            self.init(error, try: cure, status: status)
        }
    }

    /// The environment that an error names first.
    private static func environment(of error: FileError) -> String? {
        guard let context = error.context, context.utf8.starts(with: "environment ".utf8) else {
            return nil
        }
        let name = context.dropFirst("environment ".count).prefix { $0 != ":" }
        return PackageName.isLegal(String(name)) ? String(name) : nil
    }
}
