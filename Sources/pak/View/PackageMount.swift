import Environments
import FUSEServer
import FileTree
import Terminal

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
    func run(_ open: () throws(Complaint) -> MountSource) throws(Complaint) {
        // A mount at the same place whose server is gone gives way.
        let place = TextFile.absolute(directory)
        for old in MountedView.all(at: place) where old.isDeserted {
            // That it is still there is said below.
            try? FUSEMount.unmount(place, lazily: true)
        }
        // Root's would go over it.
        if !MountedView.all(at: place).isEmpty { throw ViewFailure.mounted(at: directory) }
        guard place.utf8.starts(with: "/".utf8) || HostNames.kind(place) == nil else {
            throw Complaint("\(directory): it lies in a folder whose name is not UTF-8")
        }
        // Only what is no directory is said to be none: one that cannot be seen is the kernel's to
        // judge.
        if HostNames.kind(place) == .other {
            throw Complaint("\(directory): not a directory", try: "mkdir ANOTHER")
        }
        if !foreground { try BackgroundServer.start() }
        let source = try open()
        // A 9P client of the kernel's asks for all users as one: whoever wrote would be root.
        if via == .ninep, source.shines {
            let why = "where an environment shines the disk is written through fuse alone"
            throw Complaint("\(directory): \(why)", try: "--via fuse", status: 2)
        }
        do throws(FileError) {
            let tree = try MountedTree(source, Self.log)
            try BackgroundServer.unmountAtEnd(place)
            switch via {
            case .fuse, .overlay: try serve(tree)
            case .ninep:
                try NinePMount.serve(tree.attachment, at: directory, tree.isFixed) {
                    tree.follow(Self.log)
                }
            }
        } catch {
            throw ViewFailure.complaint(error, at: directory, via)
        }
    }

    private static let log: @Sendable (String) -> Void = {
        Stream.standardError.write("pak: \(Visible.text($0))\n")
    }

    private func serve(_ tree: MountedTree) throws(FileError) {
        var mounting = FUSEMount.Options()
        mounting.isReadOnly = !tree.isWritable
        mounting.allowsOthers = allowsOthers
        var serving = FUSEServer.Options()
        serving.isWritable = tree.isWritable
        serving.caching = tree.isKept ? .endless : .seconds(1)
        serving.log = Self.log
        tree.watch(Self.log, Self.log)
        let descriptor = try FUSEMount.mount(at: directory, mounting)
        let server = FUSEServer(tree.attachment, descriptor: descriptor, options: serving)
        try tree.follow(server, Self.log, Self.log)
        BackgroundServer.tellReady()
        try server.run()
    }
}
