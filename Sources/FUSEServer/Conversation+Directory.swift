import FileTree

extension Conversation {
    /// Positions behind `.` and behind `..`: numbers that no tree gives.
    private static var firstDot: UInt64 { 0x7fff_ffff_ffff_fffd }
    private static var secondDot: UInt64 { 0x7fff_ffff_ffff_fffe }

    /// Lists a directory from a position on: fields as READ's, and answered with whole entries.
    func readdir(_ request: Request, _ reply: inout Reply, isPlus: Bool) throws(FileError) {
        let directory = try nodes.directory(request.node)
        let offset = request.u64(8)
        var list = Listing(
            room: reply.room,
            limit: min(Int(request.u32(16)), Self.mostData),
            validity: isPlus ? validity : nil
        )
        if putDots(offset, directory, &list) {
            let isDot = offset == Self.firstDot || offset == Self.secondDot
            let start = isDot ? 0 : offset
            if isPlus, directory.listsNodes {
                try directory.listNodes(from: start) { entry, name, node in
                    let hasRoom = list.add(shown(entry.stat), next: entry.next, name)
                    if hasRoom { list.setNumber(number(entry.stat.qid.path, name, node)) }
                    return hasRoom
                }
                return reply.commit(list.count)
            }
            try directory.entries(from: start) { entry, name in
                list.add(shown(entry.stat), next: entry.next, name)
            }
        }
        // Looked up when the tree has let go of its listing.
        if isPlus { list.fill { number($0, $1, in: directory) } }
        reply.commit(list.count)
    }

    /// The number under which the kernel is told of an entry; 0 tells it the name alone.
    private func number(_ path: UInt64, _ name: RawSpan, _ node: any Node) -> UInt64 {
        guard name.withUnsafeBytes({ FileName.isLegal($0) }) else { return 0 }
        if let number = nodes.rememberAgain(path) { return number }
        guard node.qidPath == path, let number = try? nodes.remember(node, hasOthers: false) else {
            // One that cannot be had is listed and no more.
            return 0
        }
        return number
    }

    /// Lists the dots that come at or behind an offset; false when one does not fit.
    private func putDots(
        _ offset: UInt64,
        _ directory: any Directory,
        _ list: inout Listing
    ) -> Bool {
        let dots: InlineArray<2, UInt8> = [UInt8(ascii: "."), UInt8(ascii: ".")]
        if offset == 0 {
            let stat = Stat(qid: directory.qid, mode: Mode(.directory, 0))
            let name = dots.span.extracting(first: 1).bytes
            guard list.add(stat, next: Self.firstDot, name) else { return false }
        }
        if offset == 0 || offset == Self.firstDot {
            // What is above the root is not ours, and the kernel knows it.
            let isRoot = directory.qidPath == nodes.root.qidPath
            let parent = isRoot ? directory : directory.parent ?? directory
            let stat = Stat(qid: parent.qid, mode: Mode(.directory, 0))
            return list.add(stat, next: Self.secondDot, dots.span.bytes)
        }
        return true
    }

    /// The number under which the kernel is told of an entry; 0 tells it the name alone.
    private func number(
        _ path: UInt64,
        _ name: UnsafeRawBufferPointer,
        in directory: any Directory
    ) -> UInt64 {
        guard FileName.isLegal(name) else { return 0 }
        if let number = nodes.rememberAgain(path) { return number }
        // One that is gone meanwhile, or that cannot be had, is listed and no more.
        guard let node = try? directory.lookup(name.bytes), node.qidPath == path,
            let number = try? nodes.remember(node, hasOthers: false)
        else { return 0 }
        return number
    }
}
