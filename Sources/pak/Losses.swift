import Archive
import FileTree
import Terminal

extension ProgressOptions {
    /// Tells people what could not be kept of which file; the first ten by name.
    func remark(losses: [Unpacker.Loss]) {
        for loss in losses.prefix(10) {
            remark("\(PathText.display(loss.path)): \(loss.what)")
        }
        if losses.count > 10 { remark("\(losses.count - 10) more likewise") }
    }
}

extension Unpacker.Loss {
    /// The loss as an object.
    var json: JSON { .object([JSON.name(path), ("what", .text(what))]) }
}
