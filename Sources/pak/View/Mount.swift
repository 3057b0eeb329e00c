import ArgumentParser
import Environments
import FUSEServer
import FileTree
import Glibc
import Terminal

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

    @Option(
        name: .customLong("ctl"),
        help: ArgumentHelp("Show the environment's control files there.", valueName: "name")
    )
    var control: String?

    @Flag(name: [.customShort("f"), .long], help: "Serve until it is unmounted, and then end.")
    var foreground = false

    @Argument(help: "The directory.", completion: .directory)
    var directory: String

    func validate() throws {
        guard via != .overlay else { throw ValidationError("--via overlay: fuse or 9p") }
        guard let control else { return }
        guard via != .ninep else {
            throw ValidationError("--ctl: not with --via 9p, which is read only")
        }
        let isName = Array(control.utf8).withUnsafeBytes { FileName.isLegal($0) }
        guard isName else { throw ValidationError("--ctl \(control): a name is needed") }
    }

    func run() throws {
        // Its server would ask the mount for what is in it, and nobody would be left to answer.
        if let base, let place = HostNames.real(directory), HostNames.isBelow(place, base) {
            throw Complaint(
                "\(directory): it is in \(base), which would show the mount in itself",
                try: HostNames.real(base) == "/" ? "pak run -p PACKAGE -- COMMAND" : "mkdir ANOTHER"
            )
        }
        let mount = PackageMount(
            directory: directory,
            via: via,
            allowsOthers: allowsOthers,
            foreground: foreground
        )
        try mount.run { () throws(Complaint) in
            if base == nil, let live = try packages.live() {
                return .live(live, control: control)
            }
            guard control == nil else {
                let cure = "pak mount -e NAME --ctl .pak, without -p, -b and @"
                throw Complaint("--ctl: no environment that can change", try: cure, status: 2)
            }
            let environment = try packages.environment(over: base, usual: base == nil)
            guard base != nil || !packages.isEmpty || !environment.title.isEmpty else {
                let cure = "pak mount -p PACKAGE or -e NAME"
                throw Complaint("nothing to mount", try: cure, status: 2)
            }
            return .packages(environment)
        }
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
        if MountedView.isCovered(at: place) {
            let why = "\(directory): something else is mounted over it"
            throw Complaint(why, try: "umount '\(directory)'")
        }
        do throws(FileError) {
            try FUSEMount.unmount(place, lazily: lazy || view.isDeserted)
        } catch {
            let cure: String? = error.kind == .busy ? "pak umount -l '\(directory)'" : nil
            throw Complaint(directory, error, try: cure)
        }
    }
}
