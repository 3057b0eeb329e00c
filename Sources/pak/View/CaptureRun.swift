import Archive
import CaptureTree
import Environments
import FUSEServer
import FileTree
import Glibc
import Namespaces
import Synchronization
import Terminal

/// A command in a view that takes changes, all of which go to a layer.
///
/// The whole root is the layer over the packages and the host, served by this process. Processes,
/// devices and the kernel's own files are not the host's, /tmp is nobody else's. Where /dev/fuse
/// is closed the kernel keeps the changes in memory, and they are read back at the end.
struct CaptureRun {
    let borders: ViewChoice.Borders
    let capture: Capture
    private var via: ViewArguments.Way?
    private let command: Command
    private var identity: View.Identity
    private let lost = LostWrites()

    /// Readies a command; `words` are it and its arguments.
    init(
        _ borders: ViewChoice.Borders,
        _ via: ViewArguments.Way?,
        _ capture: Capture,
        _ words: [[UInt8]]
    ) throws(Complaint) {
        try Binding.check(borders.bindings)
        self.borders = borders
        self.via = via
        self.capture = capture
        identity = borders.makesRoot ? .rootWithSubordinates : .kept
        var variables = ViewRun.variables(capture.title)
        if HostNames.variable("SOURCE_DATE_EPOCH") == nil {
            variables.removeAll { $0.starts(with: "SOURCE_DATE_EPOCH=".utf8) }
            variables.append(Array("SOURCE_DATE_EPOCH=\(ExportOptions.epoch)".utf8))
        }
        var command = Command(
            words,
            environment: variables,
            directory: try HostNames.neededWorkingDirectory()
        )
        // A command that works on what is around it must not do so elsewhere.
        command.needsDirectory = capture.base.base != nil
        self.command = command
    }

    /// Runs it to its end; then all that it changed is in the layer.
    ///
    /// `tell` gets what could not be kept as the command has it.
    ///
    /// A directory that is gone from the host while the view is made is looked for once more, up to
    /// `again` times: nothing has run then.
    func run(
        again: Int = 8,
        _ tell: ([Unpacker.Loss]) -> Void
    ) throws(Complaint) -> Ending {
        var way = via ?? .fuse
        if via == nil, access("/dev/fuse", R_OK | W_OK) != 0 {
            borders.remark("/dev/fuse is closed: changes are kept in memory, and read back")
            way = .overlay
        }
        let held: HeldChanges
        do throws(FileError) {
            guard way == .overlay else { return try runServed() }
            held = try runOverlaid()
        } catch {
            if identity.isRefused(by: error) {
                borders.remark("\(error): without subordinate ids")
                var other = self
                other.identity = .root()
                return try other.run(tell)
            }
            // One that opens may still not be mounted.
            if via == nil, way == .fuse, ViewFailure.isOfFUSE(error) {
                borders.remark("\(error): changes are kept in memory, and read back")
                var other = self
                other.via = .overlay
                return try other.run(tell)
            }
            if again > 0, error.kind == .notFound, error.context?.contains(" at /") == true {
                borders.remark("\(error): once more")
                return try run(again: again - 1, tell)
            }
            if lost.first != nil {
                throw Complaint("layer", error, try: "--layer DIR, where there is more room")
            }
            throw ViewFailure.complaint(error, way)
        }
        try readBack(held, tell)
        return held.ending
    }

    /// Has what was changed in the layer; where that fails, in another one that is told of.
    private func readBack(
        _ held: HeldChanges,
        _ tell: ([Unpacker.Loss]) -> Void
    ) throws(Complaint) {
        let changes: ReadableChanges
        do throws(FileError) { changes = try held.checked(capture.layer.rules) } catch {
            let text = "what was changed cannot be kept: \(error)"
            throw Complaint(text, try: wayOut, status: 125)
        }
        let reason: FileError
        do throws(FileError) { return tell(try changes.apply(to: capture)) } catch {
            reason = error
        }
        guard let other = OtherLayer(keeping: changes, of: capture, reason) else {
            let isFull = reason.kind == .noSpace || reason.kind == .quota
            throw Complaint(
                "what was changed cannot be kept: \(reason)",
                try: isFull ? "--layer DIR, where there is more room" : wayOut,
                status: 125
            )
        }
        tell(other.losses)
        throw Complaint(
            "\(capture.folder): \(reason): what was changed is the layer \(other.path) instead",
            try: "pak layer export '\(other.path)' -o FILE",
            status: 125
        )
    }

    private func runServed() throws(FileError) -> Ending {
        let answers = CaptureAnswers()
        borders.remark("view: the layer over all, by fuse")
        let points = CapturePoints(borders.bindings, in: capture, with: ownPlaces)
        let attachment = try points.attachment(of: capture)
        var steps: [Step] = [.fuse(at: .view("/"), options: "default_permissions,allow_other")]
        steps += ownSteps + bindSteps
        let process = try ViewProcess.start(
            view(steps, identity, identity.answered),
            command,
            handed: { (_, descriptor) throws(FileError) in
                try answers.serve(attachment, descriptor, options)
            },
            answer: { (request) throws(FileError) in try answers.answer(request) }
        )
        let mounts = HeldMounts(of: process.keeper)
        let ending = wait(process)
        // What the kernel has kept back comes before the end of the mount.
        if !answers.wait() { mounts.tell() }
        if let loss = lost.first {
            throw FileError(loss.kind, "\(loss.context ?? ""): bytes written to it are lost")
        }
        return ending
    }

    private func runOverlaid() throws(FileError) -> HeldChanges {
        guard !capture.isOverDisk else {
            let why = "where an environment shines the disk is seen through /dev/fuse alone"
            throw FileError(.unsupported, why)
        }
        let start = Timestamp.now
        var layout = try CaptureLayout(capture, CapturePoints(borders.bindings, in: capture))
        try layout.lay(hasUsers: !View.isPrivileged, hidesTemporary: hasOwnTemporary)
        let places = layout.uppers.prefix(30).map(\.path).listed()
        let more = layout.uppers.count > 30 ? " and \(layout.uppers.count - 30) more" : ""
        borders.remark("view: the layer by overlay, over \(places)\(more)")
        let handed = layout.handed
        let base = capture.base.base.map { $0 == "/" ? "" : $0 } ?? ""
        let hidden = try HiddenNames(capture.environment)
        let held = HeldDirectory()
        var users: ViewUsers?
        let process = try ViewProcess.start(
            view(layout.steps + ownSteps + bindSteps, identity, identity.answeredByOverlay),
            command,
            handed: { (step, descriptor) throws(FileError) in
                switch handed[step] {
                case .packages:
                    let root = try capture.packagesRoot
                    try ViewRun.fill(
                        descriptor,
                        root,
                        hiding: hidden.paths,
                        of: base,
                        for: users,
                        isChanged: true
                    )
                case .earlier: try layout.earlier.write(to: descriptor, over: base, for: users)
                case .files: try layout.writeFiles(to: descriptor, for: users)
                case .changes:
                    held.take(descriptor)
                    // There is nothing yet: whether it can be done, while there is a way without.
                    try users?.takeAll(in: descriptor)
                case .folders:
                    FolderMirror.make(layout.lowers, below: base, in: descriptor)
                    close(descriptor)
                case nil: close(descriptor)
                }
            },
            mapped: { users = $0 }
        )
        let ending = wait(process)
        if case .exited(1...) = ending { tellLeft(layout.left) }
        return HeldChanges(
            ending: ending,
            start: start,
            directory: held,
            identity: identity,
            users: users,
            uppers: layout.uppers
        )
    }

    /// Says what a command that has failed may have tried to change in vain.
    private func tellLeft(_ left: [PathBytes]) {
        let names = (left.prefix(8).map(\.description) + (left.count > 8 ? ["..."] : [])).joined(
            separator: " "
        )
        if names.isEmpty || borders.quiet { return }
        let why = via == .overlay ? "with --via overlay" : "while /dev/fuse is closed"
        Complaint("\(names): cannot be changed \(why)", try: wayOut).print(as: "pak")
    }

    /// What has a capture be served, and not laid.
    private var wayOut: String {
        via == .overlay ? "--via fuse" : ViewFailure.openDevice
    }

    private func wait(_ process: ViewProcess) -> Ending {
        if let error = process.directoryError { borders.remark("\(error): in / instead") }
        return process.wait()
    }

    /// Whether /tmp is the command's own: who works in it needs it as it is, and what is changed
    /// there is no part of a package.
    private var hasOwnTemporary: Bool {
        // Of packages alone it is no host's.
        if capture.base.base == nil { return true }
        return ![HostNames.workingDirectory, HostNames.variableBytes("HOME") ?? []].contains {
            $0.elementsEqual("/tmp".utf8) || $0.starts(with: "/tmp/".utf8)
        }
    }

    /// Where its own steps put something.
    private var ownPlaces: [PathBytes] {
        ["/proc", "/dev"] + (hasOwnTemporary ? ["/tmp"] : [])
            + (capture.base.base == nil ? [] : ["/sys"])
    }

    private var ownSteps: [Step] {
        var steps: [Step] = [.processes(at: .view("/proc")), .devices(at: .view("/dev"))]
        // Root's writes there would change the host's kernel.
        let controls = ["sys", "sysrq-trigger", "irq", "bus", "fs"].map { "/proc/\($0)" }
        for path in controls where geteuid() == 0 && access(path, F_OK) == 0 {
            steps.append(.bind(from: .view(path), at: .view(path), readOnly: true))
        }
        if hasOwnTemporary { steps.append(.temporary(at: .view("/tmp"), mode: 0o1777)) }
        if capture.base.base != nil {
            steps.append(.bind(from: .host("/sys"), at: .view("/sys"), readOnly: true))
        }
        return steps
    }

    private var bindSteps: [Step] {
        borders.bindings.map { .bind(from: .host($0.source), at: .view($0.target)) }
    }

    private func view(
        _ steps: [Step],
        _ identity: View.Identity,
        _ answered: View.Answered
    ) -> View {
        var spaces: View.Spaces = [.processes, .ipc, .hostName]
        if borders.noNet { spaces.insert(.network) }
        return View(steps: steps, identity: identity, spaces: spaces, answered: answered)
    }

    private var options: FUSEServer.Options {
        var options = FUSEServer.Options()
        options.isWritable = true
        // What is the host's own is changed by others, too.
        let isThrough = capture.layer.rules.list.contains { $0.action == .through }
        if isThrough { options.caching = .seconds(1) }
        if geteuid() != 0 {
            let (user, group) = identity == .kept ? (getuid(), getgid()) : (0, 0)
            options.owners = Owners(
                users: identity.users,
                groups: identity.groups,
                otherUser: user,
                otherGroup: group
            )
        }
        options.lost = { [lost] (node, error) in lost.add(node, error) }
        if borders.verbose {
            options.log = { Stream.standardError.write("pak: \(Visible.text($0))\n") }
        }
        return options
    }
}

/// Files of which bytes were lost that a writer takes for written: what is written by way of a
/// mapping goes to the layer later.
private final class LostWrites: Sendable {
    private let all = Mutex<FileError?>(nil)

    /// The first, and why.
    var first: FileError? { all.withLock { $0 } }

    func add(_ node: any Node, _ error: FileError) {
        let path = PathText.display(node.path())
        all.withLock { if $0 == nil { $0 = FileError(error.kind, path) } }
    }
}
