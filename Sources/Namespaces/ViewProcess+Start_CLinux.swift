import CLinux
public import FileTree
import Glibc

extension ViewProcess {
    /// Makes the view and starts the command in it; returns once it runs, or cannot.
    ///
    /// - `handed` is called on this thread, for each `.fuse` and `.fill` in the order of the steps,
    ///   with the step's number among them and a descriptor that is the caller's from then on. A
    ///   FUSE device is to be served from then on by threads of its own, a directory is to be filled
    ///   before it returns.
    /// - `answer` is called on a thread of the view's own for each system call that the view has
    ///   answered; what it throws is the call's errno.
    /// - `mapped` is called before them all, with the view's users where they are more than one.
    ///
    /// A command that is not in the view is no error here; `wait` tells it.
    ///
    /// Errors: the step that failed, with its errno's kind; what `handed` threw.
    public static func start(
        _ view: View,
        _ command: Command,
        handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void = ViewProcess.drop,
        answer: @escaping @Sendable (Request) throws(FileError) -> Void = {
            _ throws(FileError) in
        },
        mapped: ((ViewUsers) -> Void)? = nil
    ) throws(FileError) -> ViewProcess {
        guard !command.words.isEmpty else { throw FileError(.invalid, "no command") }
        return try start(
            view,
            command as Command?,
            handed: handed,
            answer: answer,
            mapped: mapped
        )
    }

    /// Makes the view, and nothing in it: whether it can be had.
    ///
    /// Errors: those of `start`.
    public static func tryOut(
        _ view: View,
        handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void = ViewProcess.drop
    ) throws(FileError) {
        _ = try start(
            view,
            nil,
            handed: handed,
            answer: { _ throws(FileError) in },
            mapped: nil
        )
    }

    /// What the error is about that says that the command's directory cannot be entered in the view.
    public static let workingDirectory = "the working directory"

    /// Closes what is handed over: for views that have nothing of the kind.
    @usableFromInline
    static func drop(_ step: Int, _ descriptor: Int32) throws(FileError) { close(descriptor) }

    private static func start(
        _ view: View,
        _ command: Command?,
        handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void,
        answer: @escaping @Sendable (Request) throws(FileError) -> Void,
        mapped: ((ViewUsers) -> Void)?
    ) throws(FileError) -> ViewProcess {
        let plan = try ViewPlan(view)
        Foreground.hold()
        do throws(FileError) {
            return try start(
                plan,
                view,
                command,
                handed: handed,
                answer: answer,
                mapped: mapped
            )
        } catch {
            Foreground.release()
            throw error
        }
    }

    private static func start(
        _ plan: ViewPlan,
        _ view: View,
        _ command: Command?,
        handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void,
        answer: @escaping @Sendable (Request) throws(FileError) -> Void,
        mapped: ((ViewUsers) -> Void)?
    ) throws(FileError) -> ViewProcess {
        let (socket, keeperEnd) = try pair()
        var answerEnds: (ours: Int32, theirs: Int32) = (-1, -1)
        if !view.answered.isEmpty {
            do throws(FileError) {
                answerEnds = try pair()
            } catch {
                close(socket)
                close(keeperEnd)
                throw error
            }
        }
        let started = Result { () throws(FileError) in
            try plan.start(
                command,
                socket: keeperEnd,
                answers: answerEnds.theirs,
                signals: Foreground.found
            )
        }
        close(keeperEnd)
        if answerEnds.theirs >= 0 { close(answerEnds.theirs) }
        let keeper: pid_t
        do throws(FileError) {
            keeper = try started.get()
        } catch {
            close(socket)
            if answerEnds.ours >= 0 { close(answerEnds.ours) }
            throw error
        }
        var answers: Worker?
        do throws(FileError) {
            if answerEnds.ours >= 0 {
                let ours = answerEnds.ours
                let identity = view.identity
                answers = try Worker { Answers.serve(ours, identity, answer) }
            }
            if view.isMappedByStarter {
                try UserMap.write(for: keeper, view.identity)
                if let mapped, let users = try ViewUsers(of: keeper, view.identity) {
                    mapped(users)
                }
                say(PAK_SAY_GO, on: socket)
            }
            return try follow(view, command, keeper, socket, answers, handed)
        } catch {
            close(socket)
            if answers == nil, answerEnds.ours >= 0 { close(answerEnds.ours) }
            reap(keeper)
            answers?.join()
            throw error
        }
    }

    /// Hears what the keeper says until the command runs.
    ///
    /// A keeper that is killed before that may have begun the command all the same: then it is for
    /// `wait` to tell, which ends what the command left.
    static func follow(
        _ view: View,
        _ command: Command?,
        _ keeper: pid_t,
        _ socket: Int32,
        _ answers: Worker?,
        _ handed: (_ step: Int, _ descriptor: Int32) throws(FileError) -> Void
    ) throws(FileError) -> ViewProcess {
        var mayRun = false
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGCONT)
        let continued = Foreground.isTaken ? pak_signal_descriptor(&set) : -1
        defer { if continued >= 0 { close(continued) } }
        while let heard = hear(socket, continued: continued, keeper) {
            switch pak_saying(rawValue: UInt32(bitPattern: heard.packet.saying)) {
            case PAK_SAY_HANDED:
                let number = Int(heard.packet.at)
                guard view.steps.indices.contains(number) else { continue }
                // The kernel leaves a descriptor out that there is no room for.
                guard heard.descriptor >= 0 else {
                    throw FileError(.tooManyFiles, view.steps[number].name)
                }
                guard case .fill = view.steps[number] else {
                    try handed(number, heard.descriptor)
                    continue
                }
                // The keeper waits for it, however long it takes.
                try Foreground.released { () throws(FileError) in
                    try handed(number, heard.descriptor)
                }
                kill(keeper, SIGCONT)
                say(PAK_SAY_GO, on: socket)
            case PAK_SAY_FAILED:
                throw failure(view, at: heard.packet.at, heard.packet.number)
            case PAK_SAY_BEGINS: mayRun = true
            case PAK_SAY_STARTED:
                let number = heard.packet.number
                return ViewProcess(
                    keeper: keeper,
                    socket: socket,
                    answers: answers,
                    directoryError: number == 0
                        ? nil
                        : FileError(
                            FileError.Kind(number: number),
                            command.map { String(decoding: $0.directory, as: UTF8.self) }
                        ),
                    ending: nil
                )
            case PAK_SAY_REFUSED:
                reap(keeper)
                let name = String(decoding: command?.words.first ?? [], as: UTF8.self)
                return ViewProcess(
                    keeper: keeper,
                    socket: socket,
                    answers: answers,
                    directoryError: nil,
                    ending: heard.packet.at == 0
                        ? .notFound(name)
                        : .notExecutable(refusal(name, heard.packet.number))
                )
            default: continue
            }
        }
        guard mayRun else { throw FileError(.inputOutput, "the view's first process was killed") }
        return ViewProcess(
            keeper: keeper,
            socket: socket,
            answers: answers,
            directoryError: nil,
            ending: nil
        )
    }

    /// Hears the keeper, which goes on with this process when both were stopped.
    private static func hear(
        _ socket: Int32,
        continued: Int32,
        _ keeper: pid_t
    ) -> (packet: pak_saying_packet, descriptor: Int32)? {
        var ready = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: continued, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&ready, 2, -1) >= 0 else { continue }
            if ready[0].revents != 0 { return hear(socket) }
            // The signal stays, for the command.
            kill(keeper, SIGCONT)
            ready[1].fd = -1
        }
    }

    private static func refusal(_ name: String, _ number: Int32) -> String {
        // There is such a file: what is not found is what it names.
        number == ENOENT
            ? "\(name): its interpreter is not in the view"
            : "\(name): \(String(cString: strerror(number)))"
    }

    private static func failure(_ view: View, at: Int32, _ number: Int32) -> FileError {
        let kind = FileError.Kind(number: number)
        if view.steps.indices.contains(Int(at)) { return FileError(kind, view.steps[Int(at)].name) }
        let stage =
            switch pak_stage(rawValue: at) {
            case PAK_STAGE_IDS: "the user's ids in the view"
            case PAK_STAGE_MOUNTS: "mounts in the user's namespace"
            case PAK_STAGE_ROOT, PAK_STAGE_PIVOT: "the root of the view"
            case PAK_STAGE_HOST_NAME: "the host's name in the view"
            case PAK_STAGE_NETWORK: "the view's own network"
            case PAK_STAGE_ANSWERS: "system calls answered by seccomp"
            case PAK_STAGE_PRIVILEGES: "the command's privileges"
            case PAK_STAGE_DIRECTORY: workingDirectory
            default: "the command's process"
            }
        return FileError(kind, stage)
    }

    private static func pair() throws(FileError) -> (Int32, Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        let failed = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { pak_view_sockets($0) }
        }
        guard failed == 0 else { throw FileError(FileError.Kind(number: errno), "a view's socket") }
        return ends
    }
}
