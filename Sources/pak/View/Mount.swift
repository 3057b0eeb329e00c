import ArgumentParser
import Environments
import FUSEServer
import FileTree
import Glibc
import NinePServer
import Terminal
import UnionTree

/// `pak mount`: packages at a directory of the host.
struct Mount: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        _superCommandName: "pak",
        abstract: "Mount what packages show together at a directory."
    )

    @OptionGroup var packages: PackageOptions

    @Option(
        name: .shortAndLong,
        help: "What lies below: a directory of the host, or 9p!ADDRESS[!ANAME].",
        completion: .directory
    )
    var base: String?

    @Option(help: ArgumentHelp("How: fuse or 9p.", valueName: "way"))
    var via = ViewArguments.Way.fuse

    @Flag(name: .customLong("allow-other"), help: "Other users may look, too.")
    var allowsOthers = false

    @Flag(name: [.customShort("f"), .long], help: "Serve until it is unmounted, and then end.")
    var foreground = false

    @Argument(help: "The directory.", completion: .directory)
    var directory: String

    func validate() throws {
        guard via != .overlay else { throw ValidationError("--via overlay: fuse or 9p") }
    }

    func run() throws {
        // A mount at the same place whose server is gone gives way.
        let place = TextFile.absolute(directory)
        for old in MountedView.all() where old.path == place && old.isDeserted {
            // That it is still there is what the mount will say.
            try? FUSEMount.unmount(place, lazily: true)
        }
        guard foreground else { try BackgroundServer.start("-f") }
        let environment = try packages.environment(over: base, usual: base == nil)
        guard base != nil || !packages.isEmpty || !environment.title.isEmpty else {
            throw Complaint("nothing to mount", try: "pak mount -p PACKAGE or -e NAME", status: 2)
        }
        do throws(FileError) {
            let attachment = try environment.attach(ViewOptions())
            try BackgroundServer.atEnd {
                // Who still uses it sees it to the end. The server's working directory is the
                // root by then.
                try? FUSEMount.unmount(place, lazily: true)
            }
            switch via {
            case .fuse, .overlay: try serve(attachment, environment.isFixed)
            case .ninep: try NinePMount.serve(attachment, at: directory, environment.isFixed)
            }
        } catch {
            throw ViewFailure.complaint(error, at: directory, via)
        }
    }

    private func serve(_ attachment: Attachment, _ isFixed: Bool) throws(FileError) {
        var mounting = FUSEMount.Options()
        mounting.isReadOnly = true
        mounting.allowsOthers = allowsOthers
        var serving = FUSEServer.Options()
        serving.caching = isFixed ? .endless : .seconds(1)
        serving.log = { Stream.standardError.write("pak: \(Visible.text($0))\n") }
        let descriptor = try FUSEMount.mount(at: directory, mounting)
        let server = FUSEServer(attachment, descriptor: descriptor, options: serving)
        BackgroundServer.tellReady()
        try server.run()
    }
}

/// `pak umount`: takes such a mount away.
struct Unmount: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount",
        abstract: "Take away what pak mount has mounted, its server too."
    )

    @Flag(name: .shortAndLong, help: "Also while it is in use; its users see it to their end.")
    var lazy = false

    @Argument(help: "The directory.", completion: .directory)
    var directory: String

    func run() throws {
        // Nothing is asked of the place itself: its server may be gone, and then nobody answers.
        let named = TextFile.absolute(directory)
        let views = MountedView.all()
        let place = views.contains { $0.path == named } ? named : HostNames.real(named) ?? named
        guard let view = views.last(where: { $0.path == place }) else {
            throw Complaint("\(directory): nothing of pak's is mounted there", try: "pak doctor")
        }
        do throws(FileError) {
            try FUSEMount.unmount(place, lazily: lazy || view.isDeserted)
        } catch {
            let cure: String? = error.kind == .busy ? "pak umount -l '\(directory)'" : nil
            throw Complaint(directory, error, try: cure)
        }
    }
}
