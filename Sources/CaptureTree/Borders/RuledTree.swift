public import FileTree
import Synchronization

/// A capture's tree with the rules that hold while it is used: what is under a `scratch` rule is
/// in memory and gone with this tree, what is under a `through` rule is the real directory, and what
/// a `deny` rule covers cannot be changed.
///
/// `scratch` and `through` are of folders, whose whole contents are of that kind, save another such
/// folder in them; the last rule for the folder itself counts. What the capture has at the path is
/// hidden, and the directory shows also when it has none. Nothing is renamed or linked from one
/// side to the other, and no such folder, nor one that holds it, is renamed or removed. `deny` takes
/// any pattern; a directory that holds a folder of such a rule is not renamed or removed either, while
/// files that other patterns cover move along with what they are in. The layer knows nothing of what is beside it, and so it is in no export.
public final class RuledTree: Tree {
    /// Where scratch and through folders lead.
    public struct Options: Sendable {
        /// Bytes that all files below one scratch folder may have, with what it takes to hold
        /// them.
        public var scratchBytes = 1 << 30
        /// Gives the real directory, which can be changed, of the path of a `through` rule, without
        /// a `/` in front.
        ///
        /// Nil refuses such rules.
        public var through: (@Sendable (_ path: [UInt8]) throws(FileError) -> any Directory)?
        /// Whether directories that lead to a folder of a rule are seen where the tree has none.
        public var showsWays = false
        /// What "now" is.
        public var clock: @Sendable () -> Timestamp = { .now }

        /// Makes the usual options, with which no `through` rule can be had.
        public init() {}
    }

    private let tree: any Tree
    let inner: any Directory
    private let options: Options
    private let state = Mutex(Mounts())

    /// Puts rules over the directory `root` of `tree`.
    ///
    /// Errors: as `set` has them.
    public init(
        over root: any Directory,
        in tree: any Tree,
        rules: Rules,
        _ options: Options = Options()
    ) throws(FileError) {
        self.tree = tree
        inner = root
        self.options = options
        try set(rules)
    }

    /// Has other rules hold from now on; folders that stay scratch keep what is in them.
    ///
    /// Errors: `.invalid` for a rule that cannot be had, `.notFound` and others for the directory
    /// of a `through` rule, each with the rule in the context; then the rules are the old ones.
    public func set(_ rules: Rules) throws(FileError) {
        var new = Mounts()
        new.rules = rules
        new.denies = rules.list.contains { $0.action == .deny }
        let old = state.withLock { $0 }
        for rule in rules.list where rule.action == .scratch || rule.action == .through {
            let folder = try rule.checkedFolder()
            let path = folder.split(separator: UInt8(ascii: "/")).map { Array($0) }
            guard rules.action(for: folder) == rule.action, new.mount(at: path) == nil else {
                continue
            }
            if let kept = old.mount(at: path), old.rules.action(for: folder) == rule.action {
                new.list.append(kept)
                continue
            }
            do throws(FileError) {
                new.list.append(try mount(rule.action, at: path, folder))
            } catch {
                throw error.at(String(decoding: rule.line, as: UTF8.self))
            }
        }
        if options.showsWays { new.addWays(domain: inner.qid.path) }
        state.withLock { $0 = new }
    }

    /// Empties all scratch folders.
    public func clear() {
        let now = state.withLock { $0 }
        let fresh = now.list.map { mount in
            now.rules.action(for: Array(mount.path.joined(separator: [UInt8(ascii: "/")])))
                == .scratch ? scratch(at: mount.path) : mount
        }
        state.withLock { $0.list = fresh }
    }

    private func mount(
        _ action: Rules.Action,
        at path: [[UInt8]],
        _ folder: [UInt8]
    ) throws(FileError) -> Mount {
        if action == .scratch { return scratch(at: path) }
        guard let through = options.through else {
            throw FileError(.invalid, "there is no directory of the host below")
        }
        return Mount(at: path, try through(folder), seed: nil)
    }

    /// An empty directory in memory, with the mode of what is at the path.
    private func scratch(at path: [[UInt8]]) -> Mount {
        var node: (any Node)? = inner
        for name in path {
            // What is not there has no mode to go by.
            node = try? node?.directory?.lookup(name.span.bytes)
        }
        let stat = try? node?.directory?.stat()
        let now = options.clock()
        let memory = MemoryTree(
            permissions: stat?.mode.permissions ?? 0o755,
            uid: stat?.uid ?? 0,
            gid: stat?.gid ?? 0,
            capacity: options.scratchBytes,
            countsAll: true,
            clock: options.clock
        )
        // A file of the next run is none of this one's.
        var hash = StableHash(domain: inner.qid.path)
        hash.combine(UInt64(bitPattern: now.seconds))
        hash.combine(UInt64(now.nanoseconds))
        for name in path { name.withUnsafeBytes { hash.combine($0) } }
        return Mount(at: path, memory.root, seed: hash.finish())
    }

    var mounts: Mounts { state.withLock { $0 } }

    /// The root, whoever asks.
    public var root: any Directory { RuledDirectory(self, inner, nil) }

    /// Gives the root to anyone; it has no other name than the empty one and `/`.
    public func attach(as user: User, to name: String) throws(FileError) -> Attachment {
        guard name.isEmpty || name == "/" else { throw FileError(.notFound, name) }
        return Attachment(root: root, tree: self)
    }

    /// The room that the capture has.
    public func statfs() throws(FileError) -> Statfs { try tree.statfs() }

    /// The capture's name of an owner.
    public func name(ofUser uid: UInt32) -> [UInt8]? { tree.name(ofUser: uid) }

    /// The capture's name of a group.
    public func name(ofGroup gid: UInt32) -> [UInt8]? { tree.name(ofGroup: gid) }
}

extension Rules {
    /// Whether any rule has to do with the use of a capture, and not with its export alone.
    public var holdWhileUsed: Bool {
        list.contains { [.scratch, .through, .deny].contains($0.action) }
    }
}

extension Rules.Rule {
    /// The folder of a rule that is of one.
    fileprivate func checkedFolder() throws(FileError) -> [UInt8] {
        guard let folder = pattern.folder, !folder.isEmpty else {
            let line = String(decoding: line, as: UTF8.self)
            throw FileError(.invalid, "\(line): a folder is needed, a path without stars")
        }
        return folder
    }
}
