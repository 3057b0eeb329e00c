import Terminal

/// The command by which this machine mounts what is served at an address.
struct MountCommand {
    /// Where the server is.
    enum Place {
        /// A socket in the file system.
        case unix(path: String)
        /// A port of TCP.
        case tcp(host: String, port: UInt16)
    }

    var place: Place
    /// The largest message, at most what the server takes.
    var messageSize: Int
    /// What to attach to; empty for the packages of the command line.
    var aname = ""
    /// What can change in what is seen, which says what the kernel may keep.
    var change: Change

    /// How what is seen may change.
    enum Change {
        /// Never: all that was read may be kept.
        case none
        /// By others than its clients.
        case outside
        /// By its clients, each of them a user of its own.
        case captured
    }

    /// The command, fit for a shell.
    var text: String {
        var options: [String]
        let source: String
        switch place {
        case .unix(let path):
            options = ["trans=unix"]
            source = path
        case .tcp(let host, let port):
            options = ["trans=tcp", "port=\(port)"]
            source = host
        }
        options.append("version=9p2000.L")
        // 24 bytes of header, so that 128 KiB of a file fit into a message.
        options.append("msize=\(min(messageSize, 131_096))")
        switch change {
        case .none: options.append("cache=loose")
        case .outside: options.append("cache=none")
        // Without mmap no file can be mapped to be written.
        case .captured: options += ["access=client", "cache=mmap"]
        }
        if !aname.isEmpty { options.append("aname=\(aname)") }
        let list = options.joined(separator: ",")
        return "mount -t 9p -o \(ShellWord.quoted(list)) \(ShellWord.quoted(source)) /mnt"
    }
}
