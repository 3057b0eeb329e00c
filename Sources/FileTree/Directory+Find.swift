extension Directory {
    /// The node called `name`; nil where there is none.
    ///
    /// Errors: those of `lookup` but `.notFound`.
    package func node(named name: RawSpan) throws(FileError) -> (any Node)? {
        do throws(FileError) { return try lookup(name) } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    /// The names of all entries, as they are listed.
    package func names() throws(FileError) -> [[UInt8]] {
        var names: [[UInt8]] = []
        try entries(from: 0) { _, name in
            names.append(Array(name))
            return true
        }
        return names
    }
}

extension Node {
    /// What `names` lead to from here, through no link; nil where one of them is not there.
    ///
    /// Errors: those of `lookup` but `.notFound`.
    package func node(
        at names: some Sequence<some Collection<UInt8>>
    ) throws(FileError) -> (any Node)? {
        var node: any Node = self
        for name in names {
            let name = Array(name)
            guard let next = try node.directory?.node(named: name.span.bytes) else { return nil }
            node = next
        }
        return node
    }

    /// What a path of names with `/` between leads to from here, as `node(at:)`.
    package func node(atPath path: [UInt8]) throws(FileError) -> (any Node)? {
        try node(at: path.split(separator: UInt8(ascii: "/")))
    }
}
