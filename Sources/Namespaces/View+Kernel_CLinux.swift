import CLinux
import FileTree
import Glibc

extension View {
    /// Whether this process is root that mounts without a user namespace: in many a container root
    /// is not.
    public static var isPrivileged: Bool { geteuid() == 0 && pak_may_mount() != 0 }

    /// Whether the command is number 0 in its user namespace.
    var isRootWithin: Bool { identity != .kept || geteuid() == 0 }

    /// Whether more than the user's own number is mapped, which takes someone outside.
    var isMappedByStarter: Bool {
        guard hasUsers else { return false }
        if geteuid() == 0 { return true }
        if case .root(let users, let groups) = identity { return !users.isEmpty || !groups.isEmpty }
        return false
    }

    /// The namespaces, as clone(2) wants them.
    var cloneFlags: UInt64 {
        var flags = pak_space_mounts
        if hasUsers { flags |= pak_space_users }
        if spaces.contains(.processes) { flags |= pak_space_processes }
        if spaces.contains(.ipc) { flags |= pak_space_ipc }
        if spaces.contains(.hostName) { flags |= pak_space_host_name }
        if spaces.contains(.network) { flags |= pak_space_network }
        return flags
    }

    /// What the command may do within its namespaces, a bit each: nothing as the user; as root in
    /// the view what an installation needs, and no mount; as real root what it could before.
    var capabilities: UInt64 {
        guard hasUsers else { return .max }
        guard isRootWithin else { return 0 }
        // chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
        // net_raw, sys_chroot, mknod, audit_write, setfcap: see capabilities(7).
        return [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31].reduce(0) { $0 | 1 << $1 }
    }
}

extension Step {
    /// What a message calls it.
    var name: String {
        switch self {
        case .fuse(let at, _, _): "FUSE at \(at.name)"
        case .overlay(_, _, _, let at): "overlayfs at \(at.name)"
        case .bind(let from, let at, _, _): "\(from.name) at \(at.name)"
        case .temporary(let at, _, _): "a file system in memory at \(at.name)"
        case .processes(let at): "the processes at \(at.name)"
        case .devices(let at): "devices at \(at.name)"
        case .mount(let type, _, _, _, let at): "\(type) at \(at.name)"
        case .directory(let at, _), .file(let at, _), .link(let at, _), .fill(let at): at.name
        }
    }
}

extension Place {
    /// What a message calls it.
    var name: String {
        switch self {
        case .host(let path), .view(let path), .hidden(let path): path.description
        }
    }
}
