import FileTree

/// Where a lower object was found, and what it was like when it was first touched.
///
/// Held by the objects made of it and of what lies below it, so that a lower directory can still
/// be stepped through when the layer has removed it.
///
/// `@unchecked Sendable`: the variables are read and written under the layer's lock alone.
final class LowerPlace: @unchecked Sendable {
    /// The serial of the object that was made of it.
    let serial: Serial
    /// The directory it is in; nil for the root.
    let parent: LowerPlace?
    let name: [UInt8]
    private(set) var mark: LowerMark
    /// The object, once it has been found again.
    private(set) var node: (any Node)?
    private(set) var stat: Stat?

    init(_ serial: Serial, parent: LowerPlace?, name: [UInt8], mark: LowerMark) {
        self.serial = serial
        self.parent = parent
        self.name = name
        self.mark = mark
    }

    /// Tells what the object is, and that it has the attributes of the mark.
    func found(_ node: any Node, _ stat: Stat) {
        self.node = node
        self.stat = stat
    }

    /// Makes the root of a tree the object.
    func setRoot(_ node: any Node, _ stat: Stat) {
        mark = LowerMark(stat)
        found(node, stat)
    }

    /// The path below, for people.
    var path: String {
        var names: [String] = []
        var step = self
        while let parent = step.parent {
            names.append(String(decoding: step.name, as: UTF8.self))
            step = parent
        }
        return "/" + names.reversed().joined(separator: "/")
    }
}

extension LowerMark {
    /// What an object with these attributes is like.
    init(_ stat: Stat) {
        self.init(
            type: stat.mode.type,
            qidPath: stat.qid.path,
            qidVersion: stat.qid.version,
            size: stat.size,
            modified: stat.modified,
            links: min(max(1, stat.links), RecordLimits.links)
        )
    }

    /// Whether an object with these attributes is still the one that was touched.
    ///
    /// Names may come and go in a lower directory: what matters of it are the names touched.
    func isStill(_ stat: Stat) -> Bool {
        guard type == stat.mode.type, qidPath == stat.qid.path else { return false }
        return type == .directory
            || (qidVersion == stat.qid.version && size == stat.size && modified == stat.modified)
    }
}
