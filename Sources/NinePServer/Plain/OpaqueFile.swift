import FileTree

/// A device, fifo or socket where there is no word for it: an empty file of mode 000.
final class OpaqueFile: File {
    private let base: any Node

    init(_ base: any Node) { self.base = base }

    /// The attributes shown for those of a node that is neither file nor directory nor link.
    static func shown(_ stat: Stat) -> Stat {
        var stat = stat
        stat.mode = Mode(.regular, 0)
        stat.size = 0
        stat.device = 0
        return stat
    }

    var qid: Qid { base.qid }
    func stat() throws(FileError) -> Stat { Self.shown(try base.stat()) }
    var parent: (any Directory)? { base.parent }
    func withName(_ body: (RawSpan) -> Void) { base.withName(body) }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard mode == .read else { throw FileError(.permission) }
        return HeldBytes()
    }
}
