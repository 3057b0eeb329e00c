import CaptureTree
import Environments
import FileTree
import Synchronization
import Terminal

/// The layers of a pakfs: a folder, and those of its layers that have been attached to.
///
/// A layer is opened when it is first attached to and stays open until the server ends, so that
/// all who attach share it. `opening` is held while a layer is opened, and taken before `open`;
/// what it calls does not call back.
final class Captures: Sendable {
    /// The folder that the layers are in.
    let folder: String
    private let settings: LayerSettings
    private let opening = Mutex(())
    private let open = Mutex<[String: CaptureControl]>([:])

    /// Takes a folder over, and makes it when it is missing.
    init(folder: String, _ settings: LayerSettings) throws(Complaint) {
        self.settings = settings
        do throws(FileError) {
            self.folder = try LayerList.makeFolder(folder)
        } catch {
            throw Complaint("-c \(folder)", error, try: "pakfs -c A FOLDER OF ITS OWN")
        }
    }

    /// The layer `id` over a view of an environment; opened, and made, if it has to be.
    ///
    /// Errors: `.permission` for a layer that is not there and a user who is not the owner,
    /// `.conflict` for one that lies over something else, those of opening it.
    func capture(
        _ id: String,
        over environment: Environment,
        _ view: ViewName,
        for user: User
    ) throws(FileError) -> CaptureControl {
        try opening.withLock { (_) throws(FileError) in
            if let known = open.withLock({ $0[id] }) {
                guard known.capture.isOver(environment, view) else {
                    let own = known.capture.base.summary
                    throw FileError(.conflict, "capture \(id): it lies over \(own)")
                }
                return known
            }
            guard user.isOwner || LayerList.exists(id, in: folder) else {
                throw FileError(.permission, "capture \(id): the owner alone makes one")
            }
            let capture = try Capture(
                id,
                folder: "\(folder)/\(id)",
                over: environment,
                view,
                .write(settings)
            )
            let control = CaptureControl(capture, folder: folder)
            open.withLock { $0[id] = control }
            return control
        }
    }

    /// The layers that there are, by name: those open, and those that nobody has attached to yet.
    func entries(
        _ openAgain: @escaping @Sendable (String, LayerBase) throws(FileError) -> CaptureControl
    ) throws(FileError) -> [(name: String, entry: ControlTree.Entry)] {
        let known = open.withLock { $0 }
        let names = Set(known.keys).union(try LayerList.names(in: folder))
        return names.sorted().map { id in
            if let control = known[id] { return (id, control.entry) }
            return (
                id,
                .directory { [folder] () throws(FileError) in
                    guard let base = try LayerBase.read(from: "\(folder)/\(id)") else {
                        throw FileError(.notFound, "\(folder)/\(id)/\(LayerBase.fileName)")
                    }
                    return try openAgain(id, base).entries
                }
            )
        }
    }

    /// Puts all that was changed on the disk.
    func sync(_ log: (String) -> Void) {
        for (id, control) in open.withLock({ $0 }) {
            do throws(FileError) {
                try control.capture.layer.finish()
            } catch {
                log("capture \(id): \(error)")
            }
        }
    }
}
