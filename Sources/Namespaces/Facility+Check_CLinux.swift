import CLinux
import FileTree
import Glibc

extension Facility {
    /// Tries it; a few milliseconds.
    public func check() -> Finding {
        switch self {
        case .userNamespaces: Facility.checkUsers()
        case .fuse: Facility.checkFUSE()
        case .fuseOnHost: Facility.checkFUSEOnHost()
        case .overlay: Facility.checkOverlay()
        case .overlayOverFUSE: Facility.checkOverlayOverFUSE()
        case .v9fs: Facility.checkV9FS()
        case .subordinateIDs: Facility.checkSubordinateIDs()
        case .answeredCalls: Facility.checkAnsweredCalls()
        }
    }

    // MARK: Namespaces

    private static func checkUsers() -> Finding {
        do throws(FileError) {
            try ViewProcess.tryOut(View(steps: [], hasUsers: true))
            return .works(View.isPrivileged ? "not needed by root" : "for every user")
        } catch {
            return View.isPrivileged ? .works("not needed by root") : usersMissing(error)
        }
    }

    private static func usersMissing(_ error: FileError) -> Finding {
        let switches: [(file: String, closed: String, name: String, open: String)] = [
            ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone", "1"),
            ("user/max_user_namespaces", "0", "user.max_user_namespaces", "15000"),
            (
                "kernel/apparmor_restrict_unprivileged_userns", "1",
                "kernel.apparmor_restrict_unprivileged_userns", "0"
            ),
        ]
        for (file, closed, name, open) in switches where line("/proc/sys/\(file)") == closed {
            return .missing(
                why: "\(error.description) (\(name) is \(closed))",
                cure: "as root: sysctl -w \(name)=\(open)"
            )
        }
        return .missing(
            why: error.description,
            cure: "in a container: run it without its seccomp filter; else ask the administrator"
        )
    }

    // MARK: FUSE

    private static func checkFUSE() -> Finding {
        if let missing = deviceMissing() { return missing }
        do throws(FileError) {
            try ViewProcess.tryOut(View(steps: [.fuse(at: .view("fuse"), options: "")]))
            return .works("/dev/fuse")
        } catch {
            if case .missing(let why, let cure) = checkUsers() {
                return .missing(why: why, cure: cure)
            }
            return .missing(
                why: error.description,
                cure: "a kernel that lets users mount FUSE in their namespaces: 4.18 or later"
            )
        }
    }

    private static func deviceMissing() -> Finding? {
        let device = pak_fuse_open()
        guard device < 0 else {
            close(device)
            return nil
        }
        switch errno {
        case ENOENT, ENODEV, ENXIO:
            return .missing(
                why: "there is no /dev/fuse",
                cure: "as root: modprobe fuse; in a container: --device /dev/fuse"
            )
        case EACCES:
            return .missing(
                why: "/dev/fuse is closed to this user",
                cure: "as root: chmod 666 /dev/fuse"
            )
        default:
            return .missing(
                why: "/dev/fuse: \(String(cString: strerror(errno)))",
                cure: "in a container: --device /dev/fuse"
            )
        }
    }

    private static func checkFUSEOnHost() -> Finding {
        if let missing = deviceMissing() { return missing }
        guard geteuid() != 0 else {
            let view = View(steps: [.fuse(at: .view("fuse"), options: "")], hasUsers: false)
            do throws(FileError) {
                try ViewProcess.tryOut(view)
                return .works("root mounts")
            } catch {
                return .missing(why: error.description, cure: "root with CAP_SYS_ADMIN")
            }
        }
        let folder: String
        do throws(FileError) {
            folder = try HostFolder.makeNew("\(HostFolder.temporary)/pak-doctor")
        } catch {
            return .missing(why: error.description, cure: "TMPDIR")
        }
        defer { rmdir(folder) }
        var text = [CChar](repeating: 0, count: 512)
        let device = pak_fusermount(folder, "rw", &text, text.count)
        guard device >= 0 else {
            guard errno != ENOENT else {
                return .missing(
                    why: "fusermount3 is not installed",
                    cure: "as root: apt-get install fuse3"
                )
            }
            let said = words(text)
            return .missing(
                why: said.isEmpty ? "fusermount3: \(String(cString: strerror(errno)))" : said,
                cure: "as root: chmod u+s \"$(command -v fusermount3)\""
            )
        }
        close(device)
        _ = pak_fuserunmount(folder, 1, &text, text.count)
        return .works("fusermount3")
    }

    // MARK: Overlayfs

    private static func checkOverlay() -> Finding {
        let layers: [Step] = ["one", "upper", "work"].map { .directory(at: .hidden($0)) }
        let readOnly = Step.overlay(lower: [.hidden("one"), .host("/usr")], at: .view("usr"))
        let writable = Step.overlay(
            lower: [.host("/usr")],
            upper: .hidden("upper"),
            work: .hidden("work"),
            at: .view("written")
        )
        do throws(FileError) {
            try ViewProcess.tryOut(View(steps: layers + [readOnly]))
        } catch {
            return overlayMissing(error)
        }
        do throws(FileError) {
            try ViewProcess.tryOut(View(steps: layers + [writable]))
            return .works("read-only and writable")
        } catch {
            return .works("read-only; not writable in memory: \(error.description)")
        }
    }

    private static func overlayMissing(_ error: FileError) -> Finding {
        if case .missing(let why, let cure) = checkUsers() { return .missing(why: why, cure: cure) }
        guard hasFileSystem("overlay") else {
            return .missing(
                why: "the kernel has no overlayfs",
                cure: "as root: modprobe overlay"
            )
        }
        return .missing(
            why: error.description,
            cure: "a kernel that lets users mount overlayfs in their namespaces: 5.11 or later"
        )
    }

    private static func checkOverlayOverFUSE() -> Finding {
        if case .missing(let why, let cure) = checkFUSE() { return .missing(why: why, cure: cure) }
        var server: ProbeServer?
        defer { server?.join() }
        let steps: [Step] = [
            .fuse(at: .hidden("fuse"), options: ""),
            .overlay(lower: [.hidden("fuse"), .host("/usr")], at: .view("usr")),
        ]
        do throws(FileError) {
            try ViewProcess.tryOut(View(steps: steps)) { (_, device) throws(FileError) in
                server = try ProbeServer(device)
            }
            return .works("a FUSE mount over the host's /usr")
        } catch {
            return overlayMissing(error)
        }
    }

    // MARK: The rest

    private static func checkV9FS() -> Finding {
        // Which fails, but has the kernel load the module.
        let mount = Step.mount(type: "9p", data: "trans=fd", at: .view("n"))
        try? ViewProcess.tryOut(View(steps: [mount]))
        guard hasFileSystem("9p") else {
            return .missing(
                why: "the kernel has no 9P client",
                cure: "as root: modprobe 9p; or a kernel with CONFIG_9P_FS"
            )
        }
        return View.isPrivileged
            ? .works("mount -t 9p")
            : .missing(why: "only root mounts 9P", cure: "as root, or by FUSE")
    }

    private static func checkSubordinateIDs() -> Finding {
        guard geteuid() != 0 else { return .works("not needed by root") }
        let users = SubordinateIDs.users
        let groups = SubordinateIDs.groups
        guard !users.isEmpty, !groups.isEmpty else {
            let file = users.isEmpty ? "/etc/subuid" : "/etc/subgid"
            let name = SubordinateIDs.name ?? "\(geteuid())"
            return .missing(
                why: "\(file) gives \(name) none",
                cure: "as root: usermod --add-subuids 100000-165535 "
                    + "--add-subgids 100000-165535 \(name)"
            )
        }
        do throws(FileError) {
            let identity = View.Identity.root(users: users, groups: groups)
            try ViewProcess.tryOut(View(steps: [], identity: identity, hasUsers: true))
            return .works("\(users.reduce(0) { $0 + $1.count }) users' numbers")
        } catch {
            guard error.kind == .notFound else {
                return .missing(
                    why: error.description,
                    cure: "newuidmap and newgidmap set-uid root, /etc/subuid and /etc/subgid right"
                )
            }
            return .missing(
                why: "newuidmap is not installed",
                cure: "as root: apt-get install uidmap"
            )
        }
    }

    private static func checkAnsweredCalls() -> Finding {
        let view = View(
            steps: [],
            identity: .root(),
            answered: [.owners, .devices, .identities]
        )
        do throws(FileError) {
            try ViewProcess.tryOut(view)
            return .works("chown and mknod")
        } catch {
            if case .missing(let why, let cure) = checkUsers() {
                return .missing(why: why, cure: cure)
            }
            return .missing(
                why: error.description,
                cure: "a kernel with seccomp's user notification: 5.5 or later"
            )
        }
    }

    // MARK: Files

    private static func hasFileSystem(_ name: String) -> Bool {
        TextOf.file("/proc/filesystems").parts(at: "\n").contains {
            $0.parts(at: "\t").last.map { $0 == name } ?? false
        }
    }

    private static func line(_ path: String) -> String {
        TextOf.file(path).parts(at: "\n").first.map(String.init) ?? ""
    }

    private static func words(_ text: [CChar]) -> String {
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self).parts(at: "\n").first.map(String.init)
            ?? ""
    }
}
