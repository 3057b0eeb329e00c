import FileTree
import Synchronization

extension Layer {
    /// Notes that a lower file is opened for reading, the first time it is.
    ///
    /// It waits for the next record to go to the log with, and is never a reason for an error.
    func noteRead(of file: CaptureFile) {
        let object: CaptureObject?
        // A file that a reset took away is not one that a build reads.
        do { object = try file.object() } catch { return }
        let qidPath = file.qidPath
        if state.withLock({ $0.isSealed || $0.readPaths.contains(qidPath) }) { return }
        let path: [UInt8]
        if let place = object?.lower {
            path = place.bytes
        } else if let lower = file.lower {
            path = self.path(of: lower)
        } else {
            return
        }
        state.withLock { state in
            // Where the log has taken nothing for long, no more is noted.
            guard !state.isSealed, state.pending.count < 16 * Self.mostPending,
                state.readPaths.insert(qidPath).inserted
            else { return }
            state.apply(.read(path: path))
            state.pending.append(.read(path: path))
            // A failure is told to whoever changes something next.
            if state.pending.count >= Self.mostPending { try? flush(&state) }
        }
    }

    /// The path of a lower node below the lower root, without a `/` in front.
    private func path(of node: any Node) -> [UInt8] {
        node.path(below: state.withLock { $0.root.qidPath })
    }
}

extension LowerPlace {
    /// The path below, without a `/` in front.
    var bytes: [UInt8] {
        var names: [[UInt8]] = []
        var step = self
        while let parent = step.parent {
            names.append(step.name)
            step = parent
        }
        return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
    }
}
