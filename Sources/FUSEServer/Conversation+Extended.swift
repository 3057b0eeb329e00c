import FileTree

extension Conversation {
    /// The longest value and the longest list that the kernel takes.
    private static var mostBytes: Int { 65536 }

    /// What an attribute that is set begins with; `system.` has lists of rights, which no tree heeds.
    private static let namespaces = ["user.".utf8, "trusted.".utf8, "security.".utf8]

    /// Tells an extended attribute: `size[4] pad[4] name NUL`; its length alone for a size of 0.
    func getxattr(_ request: Request, _ reply: inout Reply) throws(FileError) {
        let name = try attributeName(request, at: 8)
        let node = try nodes.find(request.node)
        // Lists of rights, which no tree heeds.
        if name.starts(with: "system.".utf8) { throw FileError(.unsupported) }
        try put(try node.attribute(name.bytes), request.u32(0), &reply)
    }

    /// Tells the names of all extended attributes: `size[4] pad[4]`.
    func listxattr(_ request: Request, _ reply: inout Reply) throws(FileError) {
        try put(try nodes.find(request.node).attributeNames(), request.u32(0), &reply)
    }

    private func put(_ value: [UInt8], _ size: UInt32, _ reply: inout Reply) throws(FileError) {
        guard value.count <= Self.mostBytes else { throw FileError(.range) }
        if size == 0 {
            reply.put(UInt32(value.count))
            return reply.put(UInt32(0))
        }
        guard value.count <= Int(size) else { throw FileError(.range) }
        value.withUnsafeBytes { reply.put($0) }
    }

    /// Sets an extended attribute: `size[4] flags[4] name NUL value[size]`.
    ///
    /// The flags are those of setxattr(2): 1 for a new one, 2 for one that is there.
    func setxattr(_ request: Request) throws(FileError) {
        let name = try attributeName(request, at: 8)
        let size = Int(request.u32(0))
        let start = 8 + name.count + 1
        guard size <= request.body.count - start else {
            throw FileError.malformed("SETXATTR: \(size) bytes of \(request.body.count - start)")
        }
        guard size <= Self.mostBytes else { throw FileError(.tooBig) }
        let node = try writableNode(request)
        guard Self.namespaces.contains(where: { name.starts(with: $0) }) else {
            throw FileError(.unsupported)
        }
        let flags = request.u32(4)
        if flags & 3 != 0 {
            let isThere = try hasAttribute(name, node)
            if flags & 1 != 0, isThere { throw FileError(.exists) }
            if flags & 2 != 0, !isThere { throw FileError(.noAttribute) }
        }
        try node.setAttribute(name.bytes, to: Array(request.body[start..<(start + size)]))
    }

    private func hasAttribute(
        _ name: UnsafeRawBufferPointer,
        _ node: any Node
    ) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try node.attribute(name.bytes)
            return true
        } catch {
            guard error.kind == .noAttribute else { throw error }
            return false
        }
    }

    /// Removes an extended attribute: `name NUL`.
    func removexattr(_ request: Request) throws(FileError) {
        let name = try attributeName(request, at: 0)
        try writableNode(request).setAttribute(name.bytes, to: nil)
    }

    private func attributeName(
        _ request: Request,
        at offset: Int
    ) throws(FileError) -> UnsafeRawBufferPointer {
        let name = try request.text(at: offset)
        guard (1...255).contains(name.count) else { throw FileError(.range) }
        return name
    }
}
