public import FileTree
internal import NineP

extension Fid {
    /// Makes a file in this directory and opens it; this fid stands for the file from then on.
    ///
    /// `group` counts in 9P2000.L alone.
    public func create(
        _ name: [UInt8],
        permissions: UInt32,
        _ mode: OpenMode,
        group: UInt32 = 0
    ) throws(FileError) {
        try Bytes.with(name) { (name) throws(FileError) in
            if client.dialect == .linux {
                let flags = LinuxOpenFlags(mode).union(.create)
                try client.call(
                    Tlcreate(
                        fid: number,
                        name: name,
                        flags: flags.rawValue,
                        mode: permissions,
                        gid: group
                    ),
                    Rlcreate.self
                )
            } else {
                try client.call(
                    Tcreate(
                        fid: number,
                        name: name,
                        permissions: permissions & 0o777,
                        mode: OpenByte(mode).rawValue
                    ),
                    Rcreate.self
                )
            }
        }
    }

    /// Makes a directory in this directory.
    public func makeDirectory(
        _ name: [UInt8],
        permissions: UInt32,
        group: UInt32 = 0
    ) throws(FileError) {
        if client.dialect == .linux {
            try Bytes.with(name) { (name) throws(FileError) in
                try client.call(
                    Tmkdir(fid: number, name: name, mode: permissions, gid: group),
                    Rmkdir.self
                )
            }
        } else {
            let mode = StatMode.directory.rawValue | permissions & 0o777
            try createAndForget(name, mode)
        }
    }

    /// Makes a symbolic link in this directory.
    ///
    /// Errors: `.unsupported` in 9P2000.
    public func makeLink(
        _ name: [UInt8],
        to target: [UInt8],
        group: UInt32 = 0
    ) throws(FileError) {
        switch client.dialect {
        case .linux:
            try Bytes.with(name, target) { (name, target) throws(FileError) in
                try client.call(
                    Tsymlink(fid: number, name: name, target: target, gid: group),
                    Rsymlink.self
                )
            }
        case .unix:
            try createAndForget(name, StatMode.symlink.rawValue | 0o777, detail: target)
        case .plain:
            throw FileError(.unsupported, "9P2000 knows no links")
        }
    }

    /// Makes a device, fifo or socket in this directory; 9P2000.L alone.
    public func makeNode(
        _ name: [UInt8],
        mode: Mode,
        major: UInt32,
        minor: UInt32,
        group: UInt32 = 0
    ) throws(FileError) {
        try needsLinux()
        try Bytes.with(name) { (name) throws(FileError) in
            try client.call(
                Tmknod(
                    fid: number,
                    name: name,
                    mode: mode.rawValue,
                    major: major,
                    minor: minor,
                    gid: group
                ),
                Rmknod.self
            )
        }
    }

    /// Refuses what only 9P2000.L has.
    func needsLinux() throws(FileError) {
        guard client.dialect == .linux else {
            throw FileError(.unsupported, "\(client.dialect.version) has no such request")
        }
    }

    /// Tcreate on a fid of its own.
    private func createAndForget(
        _ name: [UInt8],
        _ mode: UInt32,
        detail: [UInt8] = []
    ) throws(FileError) {
        let file = try walk([])
        try Bytes.with(name, detail) { (name, detail) throws(FileError) in
            try client.call(
                Tcreate(fid: file.number, name: name, permissions: mode, mode: 0, detail: detail),
                Rcreate.self
            )
        }
    }
}
