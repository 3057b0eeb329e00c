import FileTree
import Synchronization

/// A regular file of a capture.
///
/// `@unchecked Sendable`: the language has an heir say it again; nothing is added to what the lock
/// guards.
final class CaptureFile: CaptureNode, File, @unchecked Sendable {
    override var file: (any File)? { self }

    func open(_ mode: OpenMode) throws(FileError) -> any OpenFile {
        let changes: OpenMode = [.write, .truncate, .append]
        if !mode.isDisjoint(with: changes) { try layer.checkOpen() }
        if mode.contains(.truncate) { try layer.resize(layer.adopt(self), to: 0) }
        var below: (any OpenFile)?
        if let object = try object() {
            // What is wrong with the lower file is said now, as long as it matters.
            if try layer.bytes(of: object).kind != .own { below = try layer.openLower(object) }
        } else {
            below = try lower?.file?.open(.read)
        }
        if below != nil, mode.contains(.read) { layer.noteRead(of: self) }
        return OpenCaptureFile(self, below, isAppending: mode.contains(.append))
    }
}
