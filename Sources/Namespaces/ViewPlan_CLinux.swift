import CLinux
import FileTree
import Glibc

/// A view as the C side wants it: every string and number that the steps need, made beforehand,
/// because nothing can be between fork and exec.
///
/// Not `Sendable`: it lives on the stack of the one who starts.
final class ViewPlan {
    private var steps: [pak_step] = []
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private let view: View
    private let uid = geteuid()
    private let gid = getegid()

    init(_ view: View) throws(FileError) {
        self.view = view
        for (number, step) in view.steps.enumerated() {
            do {
                try add(step, Int32(number))
            } catch {
                throw error.at(step.name)
            }
        }
    }

    deinit { for text in texts { free(text) } }

    // MARK: Text

    private func text(_ bytes: some Sequence<UInt8>) throws(FileError) -> UnsafeMutablePointer<
        CChar
    > {
        let bytes = Array(bytes)
        guard !bytes.contains(0) else { throw FileError(.invalid, "a NUL within") }
        guard
            let text = malloc(bytes.count + 1)?.bindMemory(
                to: CChar.self,
                capacity: bytes.count + 1
            )
        else { throw FileError(.noMemory) }
        for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[bytes.count] = 0
        texts.append(text)
        return text
    }

    private func text(_ string: String) throws(FileError) -> UnsafePointer<CChar> {
        UnsafePointer(try text(string.utf8))
    }

    /// Where a place is while the steps are done.
    private func path(_ place: Place) throws(FileError) -> PathBytes {
        switch place {
        case .view(let path): return "/view/" + path
        case .hidden(let path): return "/hidden/" + path
        case .host(let path):
            // Links that are absolute would lead astray below /host.
            guard let real = path.withCString({ realpath($0, nil) }) else {
                throw FileError(FileError.Kind(number: errno), path.description)
            }
            defer { free(real) }
            return "/host" + PathBytes(UnsafeRawBufferPointer(start: real, count: strlen(real)))
        }
    }

    // MARK: Steps

    private func target(_ place: Place) throws(FileError) -> PathBytes {
        if case .host(let path) = place { throw FileError(.invalid, "\(path) is the host's") }
        return try path(place)
    }

    private func append(
        _ kind: pak_step_kind,
        _ number: Int32,
        at target: PathBytes,
        source: PathBytes = "pak",
        type: String = "",
        data: PathBytes = "",
        flags: UInt64 = 0,
        mode: UInt32 = 0o755,
        options: Int = 0
    ) throws(FileError) {
        guard data.bytes.count < 4000 else { throw FileError(.nameTooLong, "the mount's options") }
        steps.append(
            pak_step(
                kind: Int32(kind.rawValue),
                number: number,
                options: UInt32(options),
                mode: mode,
                flags: flags,
                source: UnsafePointer(try text(source.bytes)),
                target: UnsafePointer(try text(target.bytes)),
                type: try text(type),
                data: UnsafePointer(try text(data.bytes))
            )
        )
    }

    private func add(_ step: Step, _ number: Int32) throws(FileError) {
        switch step {
        case .fuse(let at, let options, let readOnly):
            let root = view.isRootWithin
            let ids = "rootmode=40000,user_id=\(root ? 0 : uid),group_id=\(root ? 0 : gid)"
            try append(
                PAK_STEP_FUSE,
                number,
                at: target(at),
                type: "fuse.pak",
                data: options.isEmpty ? PathBytes(ids) : "\(ids),\(options)",
                flags: pak_mount_nosuid | pak_mount_nodev | (readOnly ? pak_mount_read_only : 0)
            )
        case .overlay(let lower, let upper, let work, let at):
            var data: PathBytes = "userxattr,lowerdir="
            for (number, place) in lower.enumerated() {
                data = data + (number == 0 ? "" : ":") + ViewPlan.escaped(try path(place))
            }
            if let upper, let work {
                data = data + ",upperdir=" + ViewPlan.escaped(try path(upper))
                data = data + ",workdir=" + ViewPlan.escaped(try path(work))
            }
            try append(PAK_STEP_MOUNT, number, at: target(at), type: "overlay", data: data)
        case .bind(let from, let at, let recursive, let readOnly):
            try append(
                PAK_STEP_BIND,
                number,
                at: target(at),
                source: path(from),
                options: (recursive ? PAK_STEP_RECURSIVE : 0) | (readOnly ? PAK_STEP_READ_ONLY : 0)
            )
        case .temporary(let at, let mode, let size):
            let size = size.map { ",size=\($0)" } ?? ""
            try append(
                PAK_STEP_MOUNT,
                number,
                at: target(at),
                type: "tmpfs",
                data: "mode=\(String(mode & 0o7777, radix: 8))\(size)",
                flags: pak_mount_nosuid | pak_mount_nodev
            )
        case .processes(let at):
            guard view.spaces.contains(.processes) else {
                return try append(
                    PAK_STEP_BIND,
                    number,
                    at: target(at),
                    source: "/host/proc",
                    options: PAK_STEP_RECURSIVE
                )
            }
            try append(
                PAK_STEP_MOUNT,
                number,
                at: target(at),
                source: "proc",
                type: "proc",
                flags: pak_mount_nosuid | pak_mount_nodev | pak_mount_noexec
            )
        case .devices(let at):
            try addDevices(target(at), number)
        case .mount(let type, let source, let data, let flags, let at):
            try append(
                PAK_STEP_MOUNT,
                number,
                at: target(at),
                source: source.map { (place) throws(FileError) in try path(place) } ?? "pak",
                type: type,
                data: PathBytes(data),
                flags: UInt64(flags)
            )
        case .directory(let at, let mode):
            try append(PAK_STEP_DIRECTORY, number, at: target(at), mode: mode)
        case .file(let at, let mode):
            try append(PAK_STEP_FILE, number, at: target(at), mode: mode)
        case .link(let at, let text):
            try append(PAK_STEP_LINK, number, at: target(at), source: text)
        case .fill(let at):
            try append(PAK_STEP_FILL, number, at: target(at))
        }
    }

    private func addDevices(_ folder: PathBytes, _ number: Int32) throws(FileError) {
        let flags = pak_mount_nosuid | pak_mount_nodev
        try append(
            PAK_STEP_MOUNT,
            number,
            at: folder,
            type: "tmpfs",
            data: "mode=755",
            flags: flags
        )
        for name in ["null", "zero", "full", "random", "urandom"] {
            try append(PAK_STEP_BIND, number, at: "\(folder)/\(name)", source: "/host/dev/\(name)")
        }
        try append(
            PAK_STEP_BIND,
            number,
            at: "\(folder)/tty",
            source: "/host/dev/tty",
            options: PAK_STEP_OPTIONAL
        )
        // The terminal that the command is at has no name among the view's own.
        if let descriptor = [0, 1, 2].first(where: { isatty($0) == 1 }),
            let name = ttyname(descriptor).map({ String(cString: $0) })
        {
            try append(
                PAK_STEP_BIND,
                number,
                at: "\(folder)/console",
                source: "/host\(name)",
                options: PAK_STEP_OPTIONAL
            )
        }
        // tty's group, where there is one.
        let group = view.hasUsers ? "" : ",gid=5"
        try append(
            PAK_STEP_MOUNT,
            number,
            at: "\(folder)/pts",
            source: "devpts",
            type: "devpts",
            data: "newinstance,ptmxmode=0666,mode=620\(group)",
            flags: pak_mount_nosuid | pak_mount_noexec
        )
        try append(PAK_STEP_DIRECTORY, number, at: "\(folder)/shm", mode: 0o1777)
        let links = [
            ("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
        ]
        for (name, text) in links {
            try append(PAK_STEP_LINK, number, at: "\(folder)/\(name)", source: PathBytes(text))
        }
    }

    /// A path as overlayfs reads it among its options.
    static func escaped(_ path: PathBytes) -> PathBytes {
        PathBytes(
            path.bytes.flatMap { "\\:,".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        )
    }

    // MARK: The whole

    /// Starts the keeper, which says how it goes at the other end of `socket`.
    func start(
        _ command: Command?,
        socket: Int32,
        answers: Int32,
        signals: Foreground.Signals
    ) throws(FileError) -> pid_t {
        var plan = pak_view()
        plan.spaces = view.cloneFlags
        plan.socket = socket
        plan.answers = answers
        plan.answered = UInt32(view.answered.rawValue)
        plan.last_user = view.identity.users.last?.upperBound ?? 0
        plan.last_group = view.identity.groups.last?.upperBound ?? 0
        plan.has_users = view.hasUsers ? 1 : 0
        if view.hasUsers, !view.isMappedByStarter {
            let root = view.isRootWithin
            plan.uid_map = try text("\(root ? 0 : uid) \(uid) 1\n")
            plan.gid_map = try text("\(root ? 0 : gid) \(gid) 1\n")
        }
        // What an overlay has of the host's is read by their rights.
        let needsGroups = uid == 0 || view.answered.contains(.changes)
        plan.drops_groups = view.isMappedByStarter && !needsGroups ? 1 : 0
        if view.spaces.contains(.hostName), let name = view.hostName {
            plan.host_name = try text(name)
        }
        plan.has_network = view.spaces.contains(.network) ? 1 : 0
        plan.capabilities = view.capabilities
        plan.mask = signals.mask
        plan.defaulted = signals.defaulted
        plan.file_mask = signals.fileMask.map { Int32($0) } ?? -1
        plan.directory = UnsafePointer(try text(command?.directory ?? [UInt8(ascii: "/")]))
        plan.needs_directory = command?.needsDirectory == true ? 1 : 0
        let candidates = try list(command?.candidates ?? [])
        let environment = try list(command?.environment ?? [])
        // The first place is the shell's, should the program be a script for it.
        var words: [UnsafeMutablePointer<CChar>?] = [nil]
        words += try list(command?.words ?? [])
        let pid: pid_t
        // `list` ends each with nil, and so none is empty.
        (pid, errno) = steps.withUnsafeBufferPointer { steps in
            candidates.withUnsafeBufferPointer { candidates in
                environment.withUnsafeBufferPointer { environment in
                    words.withUnsafeMutableBufferPointer { words in
                        plan.steps = steps.baseAddress
                        plan.step_count = steps.count
                        plan.candidates = candidates.baseAddress
                        plan.environment = environment.baseAddress
                        plan.arguments = command == nil ? nil : words.baseAddress.map { $0 + 1 }
                        let pid = pak_view_start(&plan)
                        return (pid, errno)
                    }
                }
            }
        }
        guard pid >= 0 else {
            throw FileError(
                FileError.Kind(number: errno),
                view.hasUsers ? "user namespaces" : "mount namespaces"
            )
        }
        return pid
    }

    private func list(
        _ words: [[UInt8]]
    ) throws(FileError) -> [UnsafeMutablePointer<CChar>?] {
        var list: [UnsafeMutablePointer<CChar>?] = []
        for word in words { list.append(try text(word)) }
        list.append(nil)
        return list
    }
}
