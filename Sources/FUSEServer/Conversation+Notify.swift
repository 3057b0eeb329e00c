import FileTree
import Glibc

extension Conversation {
    /// What the kernel is told without having asked: an answer to nobody, `len[4] code[4]
    /// unique[8]` with a unique of 0.
    ///
    /// The corresponding constants are `FUSE_NOTIFY_INVAL_INODE` and so on.
    enum Notice {
        /// `ino[8] off[8] len[8]`
        case inode(UInt64)
        /// The same with an offset of -1: of the attributes alone.
        case attributes(UInt64)
        /// `parent[8] namelen[4] flags[4] name NUL`
        ///
        /// One that stays known is asked for again before it is used (`FUSE_EXPIRE_ONLY`): what is
        /// mounted on it, or works in it, goes on. Kernels before 6.2 forget that one, too.
        case entry(parent: UInt64, name: [UInt8], staysKnown: Bool = false)

        var bytes: [UInt8] {
            var fields: [UInt8] = []
            let code: UInt32
            switch self {
            case .inode(let number):
                code = 2
                // From the start to the end, which a length of 0 means; so go the attributes.
                fields = Self.pack(number) + Self.pack(UInt64(0)) + Self.pack(UInt64(0))
            case .attributes(let number):
                code = 2
                fields = Self.pack(number) + Self.pack(UInt64.max) + Self.pack(UInt64(0))
            case .entry(let parent, let name, let staysKnown):
                code = 3
                fields = Self.pack(parent) + Self.pack(UInt32(name.count))
                fields += Self.pack(UInt32(staysKnown ? 1 : 0))
                fields += name + [0]
            }
            let size = UInt32(Reply.headerSize + fields.count)
            return Self.pack(size) + Self.pack(code) + Self.pack(UInt64(0)) + fields
        }

        private static func pack<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number) { Array($0) }
        }
    }

    /// Sends a notice; what the kernel does not know it need not forget.
    func send(_ notice: Notice, to descriptor: Int32) {
        let bytes = notice.bytes
        let sent = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if sent < 0, ![ENOENT, ENOTCONN, ENODEV, EPERM].contains(errno) {
            options.log("notice: \(String(cString: strerror(errno)))")
        }
    }

    /// Has what a name stands for by now answer for the file that it stood for.
    func renew(_ name: [UInt8], in directory: any Directory) {
        // Gone meanwhile: then the next change tells of it.
        guard let node = try? directory.lookup(name.span.bytes), node.directory == nil else {
            return
        }
        nodes.renew(node)
    }

    /// Has the file that the tree shows by now answer for one that is the same: whoever holds the
    /// old one holds all of the state that it was found in.
    func renew(_ node: any Node) {
        var directory = nodes.root
        let names = node.path().split(separator: UInt8(ascii: "/"))
        for name in names.dropLast() {
            // One that is gone stays what it is, for those who have it open.
            let found = try? directory.lookup(Array(name).span.bytes).directory
            guard let next = found else { return }
            directory = next
        }
        guard let name = names.last,
            let found = try? directory.lookup(Array(name).span.bytes),
            found.qidPath == node.qidPath, found.directory == nil
        else { return }
        nodes.renew(found)
    }
}
