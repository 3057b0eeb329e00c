import Archive
import CaptureTree
import Environments
import FileTree
import Glibc

/// A copy of a layer elsewhere, with the changes that the layer itself has no room for.
struct OtherLayer {
    let path: String
    /// What is not as the command had it.
    let losses: [Unpacker.Loss]

    /// Makes one where there is room; nil when that is nowhere.
    ///
    /// `error` is why the layer itself does not take the changes.
    init?(keeping changes: ReadableChanges, of capture: Capture, _ error: FileError) {
        // To what is refused for what it is, another place makes no difference.
        guard [.noSpace, .quota, .inputOutput].contains(error.kind) else { return nil }
        let full = error.kind == .quota ? nil : Self.device(capture.folder)
        var tried: Set<dev_t> = full.map { [$0] } ?? []
        for place in Self.places {
            guard let device = Self.device(place), !tried.contains(device) else { continue }
            guard let path = try? HostFolder.makeNew("\(place)/pak-kept") else { continue }
            let layer = "\(path)/\(capture.id.isEmpty ? "layer" : capture.id)"
            do throws(FileError) {
                losses = try Self.keep(changes, of: capture, at: layer)
                self.path = layer
                return
            } catch {
                HostFolder.remove(path)
                // What is wrong with the layer itself is so in all of its copies.
                guard [.noSpace, .quota].contains(error.kind) else { return nil }
                tried.insert(device)
            }
        }
        return nil
    }

    /// Where a user may have room; what is in memory comes last.
    private static var places: [String] {
        ["TMPDIR", "HOME"].compactMap { HostNames.variable($0) } + ["/var/tmp", "/tmp"]
            + ["XDG_RUNTIME_DIR"].compactMap { HostNames.variable($0) } + ["/dev/shm"]
    }

    private static func keep(
        _ changes: ReadableChanges,
        of capture: Capture,
        at layer: String
    ) throws(FileError) -> [Unpacker.Loss] {
        try Layer.copy(folder: capture.folder, to: layer)
        let other = try Capture(
            capture.id,
            folder: layer,
            over: capture.environment,
            ViewName(capture.base),
            .write(LayerSettings())
        )
        let losses = try changes.apply(to: other)
        try other.layer.finish()
        return losses
    }

    private static func device(_ path: String) -> dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }
}
