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
/// devices and the kernel's own files are not the host's, /tmp is nobody else's.
struct CaptureRun {
    private let arguments: ViewArguments
    private let capture: Capture
    private let command: Command
    private let identity: View.Identity

    /// Readies a command; `words` are it and its arguments.
    init(_ arguments: ViewArguments, _ capture: Capture, _ words: [String]) {
        self.arguments = arguments
        self.capture = capture
        identity = arguments.fakeRoot && geteuid() != 0 ? .rootWithSubordinates : .kept
        var variables = ViewRun.variables(capture.packages)
        if HostNames.variable("SOURCE_DATE_EPOCH") == nil {
            variables.removeAll { $0.hasPrefix("SOURCE_DATE_EPOCH=") }
            variables.append("SOURCE_DATE_EPOCH=\(ExportOptions.epoch)")
        }
        command = Command(words, environment: variables, directory: HostNames.workingDirectory)
    }

    /// Runs it to its end; then all that it changed is in the layer.
    func run() throws(Complaint) -> Ending {
        let answers = CaptureAnswers()
        do throws(FileError) {
            let process = try ViewProcess.start(
                view,
                command,
                handed: { (_, descriptor) throws(FileError) in
                    try answers.serve(capture, descriptor, options)
                },
                answer: { (request) throws(FileError) in try answers.answer(request) }
            )
            if let error = process.directoryError { arguments.remark("\(error): in / instead") }
            let ending = process.wait()
            // What the kernel has kept back comes before the end of the mount.
            answers.wait()
            return ending
        } catch {
            throw ViewFailure.complaint(error, .fuse)
        }
    }

    private var view: View {
        var steps: [Step] = [
            .fuse(at: .view("/"), options: "default_permissions,allow_other"),
            .processes(at: .view("/proc")),
            .devices(at: .view("/dev")),
        ]
        // Who works in /tmp needs it as it is; what is changed there is no part of a package.
        let places = [HostNames.workingDirectory, HostNames.variable("HOME") ?? ""]
        if !places.contains(where: { $0 == "/tmp" || $0.hasPrefix("/tmp/") }) {
            steps.append(.temporary(at: .view("/tmp"), mode: 0o1777))
        }
        if !arguments.pure {
            steps.append(.bind(from: .host("/sys"), at: .view("/sys"), readOnly: true))
        }
        for binding in arguments.bindings {
            steps.append(.bind(from: .host(binding.source), at: .view(binding.target)))
        }
        var spaces: View.Spaces = [.processes, .ipc, .hostName]
        if arguments.noNet { spaces.insert(.network) }
        return View(
            steps: steps,
            identity: identity,
            spaces: spaces,
            answered: identity.answered
        )
    }

    private var options: FUSEServer.Options {
        var options = FUSEServer.Options()
        options.isWritable = true
        options.writesBack = true
        if geteuid() != 0 {
            let (user, group) = identity == .kept ? (getuid(), getgid()) : (0, 0)
            options.owners = Owners(
                users: identity.users,
                groups: identity.groups,
                otherUser: user,
                otherGroup: group
            )
        }
        if arguments.verbose {
            options.log = { Stream.standardError.write("pak: \(Visible.text($0))\n") }
        }
        return options
    }
}

/// The server of a capture, and what is answered by way of it in the kernel's place.
private final class CaptureAnswers: Sendable {
    private let served = Mutex<(server: FUSEServer, worker: Worker)?>(nil)

    /// Serves a capture on a mount's device, on threads of its own.
    func serve(
        _ capture: Capture,
        _ descriptor: Int32,
        _ options: FUSEServer.Options
    ) throws(FileError) {
        let attachment = Attachment(root: capture.root, tree: capture.view)
        let server = FUSEServer(attachment, descriptor: descriptor, options: options)
        let log = options.log
        let worker = try Worker {
            do throws(FileError) { try server.run() } catch { log("\(error)") }
        }
        served.withLock { $0 = (server, worker) }
    }

    /// Returns when nothing is mounted any more.
    func wait() {
        let last = served.withLock { served in
            defer { served = nil }
            return served
        }
        last?.worker.join()
    }

    /// Does what a system call asks for, as the layer keeps it.
    func answer(_ request: Request) throws(FileError) {
        guard let server = served.withLock({ $0?.server }),
            let node = server.node(inode: request.inode)
        else { throw FileError(.notFound) }
        switch request.call {
        case .own(let uid, let gid):
            var change = StatChange()
            change.uid = uid
            change.gid = gid
            try node.change(change, by: .superuser)
            server.invalidate(node)
        case .makeDevice(let name, let mode, let device):
            guard let directory = node.directory else { throw FileError(.notDirectory) }
            let mode = Mode(rawValue: mode)
            _ = try directory.createNode(
                name.span.bytes,
                type: mode.type,
                device: device,
                NewNode(permissions: mode.permissions, uid: 0, gid: 0)
            )
            server.invalidate(name: name, in: directory)
            server.invalidate(directory)
        }
    }
}
