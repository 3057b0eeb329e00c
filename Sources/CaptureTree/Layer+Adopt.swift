import FileTree
import Synchronization

extension Layer {
    /// Makes what a node stands for the layer's own, with all directories above it; nothing
    /// changes for anyone.
    ///
    /// What a removal needs is taken whatever the limit of objects is.
    ///
    /// - Complexity: one record for each directory on the way that was never touched.
    func adopt(
        _ node: CaptureNode,
        forRemoval isRemoval: Bool = false
    ) throws(FileError) -> CaptureObject {
        if let object = try node.object() { return object }
        guard let lower = node.lower else { throw FileError(.notFound) }
        // The lower tree is asked while the lock is not held: it does not change.
        var chain: [(name: [UInt8], stat: Stat, node: any Node)] = []
        var step: any Node = lower
        while true {
            let stat = try step.stat()
            if state.withLock({ $0.adopted[stat.qid.path] != nil }) { break }
            var name: [UInt8] = []
            step.withName { name = Array($0) }
            chain.append((name, stat, step))
            guard let parent = step.parent else { throw FileError(.notFound) }
            step = parent
        }
        let top = step.qidPath
        return try change { (state) throws(FileError) in
            guard var object = state.adopted[top]?.object else { throw FileError(.notFound) }
            for link in chain.reversed() {
                object = try adopt(link.node, link.stat, link.name, in: object, isRemoval, &state)
            }
            return object
        }
    }

    /// Makes what a name of a directory stands for the layer's own, under that very name.
    ///
    /// A file with several names may be known by another.
    func adopt(
        _ node: CaptureNode,
        as name: [UInt8],
        in directory: CaptureObject,
        forRemoval isRemoval: Bool = false
    ) throws(FileError) -> CaptureObject {
        guard let lower = node.lower else {
            guard let object = try node.object() else { throw FileError(.notFound) }
            return object
        }
        let stat = try lower.stat()
        return try change { (state) throws(FileError) in
            try adopt(lower, stat, name, in: directory, isRemoval, &state)
        }
    }

    private func adopt(
        _ node: any Node,
        _ stat: Stat,
        _ name: [UInt8],
        in directory: CaptureObject,
        _ isRemoval: Bool,
        _ state: inout LayerState
    ) throws(FileError) -> CaptureObject {
        if let place = directory.entries.place(name) {
            // Somebody else was faster.
            guard let object = directory.entries.slots[place].object,
                object.qidPath == stat.qid.path
            else { throw FileError(.notFound) }
            return object
        }
        let known = state.adopted[stat.qid.path]
        if let known, known.object == nil { throw FileError(.notFound) }
        if known == nil, !isRemoval { try checkObjects(state) }
        // Where the log takes nothing, what it has not been told of must not grow either.
        if state.pending.count >= Self.mostPending { try flush(&state) }
        let serial = known?.object?.serial ?? state.next
        let record = Record.adopted(serial, in: directory.serial, name: name, LowerMark(stat))
        state.pending.append(record)
        state.apply(record)
        guard let object = state.objects[serial] else { throw FileError(.notFound) }
        if known == nil { object.lower?.found(node, stat) }
        return object
    }

    /// Refuses a name that is taken by now, or a directory that is gone; the lock is held.
    static func checkFree(_ name: [UInt8], in directory: CaptureObject) throws(FileError) {
        guard directory.links > 0, !directory.isDetached else { throw FileError(.notFound) }
        if let place = directory.entries.place(name),
            directory.entries.slots[place].object != nil
        {
            throw FileError(.exists)
        }
    }

    /// Refuses a name that stands for another object by now; the lock is held.
    static func check(
        _ name: [UInt8],
        in directory: CaptureObject,
        is object: CaptureObject
    ) throws(FileError) {
        guard let place = directory.entries.place(name),
            directory.entries.slots[place].object === object
        else { throw FileError(.notFound) }
    }
}
