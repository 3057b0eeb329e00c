internal import FileTree
internal import Synchronization

/// What is remembered of another server's tree, and how the server is asked for the rest.
///
/// The lock is held for look-ups alone: neither while the server is asked, nor while a fid that has
/// to go is let go of.
final class RemoteStore: Sendable {
    let line: RemoteLine
    let options: RemoteBase.Options
    let memory: Mutex<RemoteMemory>
    private let openFiles = Atomic(0)

    init(_ line: RemoteLine, _ options: RemoteBase.Options) {
        self.line = line
        self.options = options
        memory = Mutex(RemoteMemory(options))
    }

    // MARK: - Asking

    /// Asks the server about a node, by a fid of it; once more when the server had to be dialed
    /// anew.
    func ask<Answer>(
        _ node: any RemoteBaseNode,
        _ body: (Fid) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        var isFirst = true
        while true {
            let client = try line.client()
            do throws(FileError) {
                return try body(try fid(of: node, client))
            } catch {
                // A fid that the server does not know any more must not stay in the way.
                forgetFid(node.path)
                if isFirst, client.failure != nil {
                    isFirst = false
                    continue
                }
                throw line.told(error, node.text)
            }
        }
    }

    /// A fid of a node: one that is held, or found anew from the nearest directory above it.
    private func fid(of node: any RemoteBaseNode, _ client: Client) throws(FileError) -> Fid {
        if let fid = held(node.path, client) { return fid }
        var names: [[UInt8]] = []
        var step = node
        var start: Fid?
        while start == nil {
            guard let parent = step.container else { break }
            names.append(step.name)
            step = parent
            start = held(parent.path, client)
        }
        let from: Fid
        if let start { from = start } else { from = try line.root(of: client) }
        if names.isEmpty {
            guard from.qid.path == node.path else {
                throw FileError(.inputOutput, "the server has another root by now")
            }
            return from
        }
        let found = try from.walk(names.reversed())
        guard found.qid.path == node.path else { throw FileError(.notFound) }
        hold(found)
        return found
    }

    private func held(_ path: UInt64, _ client: Client) -> Fid? {
        memory.withLock { memory in
            memory.fids.value(for: path).flatMap { $0.client === client ? $0 : nil }
        }
    }

    func hold(_ fid: Fid) {
        let gone = memory.withLock { $0.fids.insert(fid, for: fid.qid.path) }
        withExtendedLifetime(gone) {}
    }

    private func forgetFid(_ path: UInt64) {
        let gone = memory.withLock { $0.fids.remove(path) }
        withExtendedLifetime(gone) {}
    }

    // MARK: - Open files

    /// Counts one more open file.
    ///
    /// Errors: `.tooManyFiles`.
    func beginOpen() throws(FileError) {
        let count = openFiles.add(1, ordering: .relaxed).newValue
        guard count > options.openFiles else { return }
        endOpen()
        throw FileError(.tooManyFiles, "\(line.name): \(options.openFiles) files are open")
    }

    func endOpen() { openFiles.subtract(1, ordering: .relaxed) }

    /// What is remembered: entries of all kinds, and bytes of listings, texts and files.
    var extent: (entries: Int, bytes: Int) { memory.withLock { $0.extent } }
}
