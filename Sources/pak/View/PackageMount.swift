import Environments
import FUSEServer
import FileTree
import Terminal
import UnionTree

/// Packages at a directory of the host, which this process serves until they are unmounted.
struct PackageMount {
    /// Where.
    var directory: String
    /// How files get there.
    var via = ViewArguments.Way.fuse
    /// Other users may look, too.
    var allowsOthers = false
    /// This process serves, else one that it leaves behind.
    var foreground = false

    /// Mounts what `open` opens, and serves it.
    func run(_ open: () throws(Complaint) -> Environment) throws(Complaint) {
        // A mount at the same place whose server is gone gives way.
        let place = TextFile.absolute(directory)
        for old in MountedView.all() where old.path == place && old.isDeserted {
            // That it is still there is what the mount will say.
            try? FUSEMount.unmount(place, lazily: true)
        }
        guard foreground else { try BackgroundServer.start("-f") }
        let environment = try open()
        do throws(FileError) {
            let attachment = try environment.shines.lay(over: environment.attach(ViewOptions()))
            try BackgroundServer.atEnd {
                // Who still uses it sees it to the end. The server's working directory is the
                // root by then.
                try? FUSEMount.unmount(place, lazily: true)
            }
            switch via {
            case .fuse, .overlay:
                try serve(
                    attachment,
                    isFixed: environment.isFixed && environment.shines.isEmpty,
                    isWritable: !environment.shines.isEmpty
                )
            case .ninep: try NinePMount.serve(attachment, at: directory, environment.isFixed)
            }
        } catch {
            throw ViewFailure.complaint(error, at: directory, via)
        }
    }

    private func serve(
        _ attachment: Attachment,
        isFixed: Bool,
        isWritable: Bool
    ) throws(FileError) {
        var mounting = FUSEMount.Options()
        mounting.isReadOnly = !isWritable
        mounting.allowsOthers = allowsOthers
        var serving = FUSEServer.Options()
        serving.isWritable = isWritable
        serving.caching = isFixed ? .endless : .seconds(1)
        serving.log = { Stream.standardError.write("pak: \(Visible.text($0))\n") }
        let descriptor = try FUSEMount.mount(at: directory, mounting)
        let server = FUSEServer(attachment, descriptor: descriptor, options: serving)
        BackgroundServer.tellReady()
        try server.run()
    }
}
