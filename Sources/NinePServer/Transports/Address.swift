public import FileTree

/// A place where conversations come from, as the command line spells it.
///
/// `stdio`, `unix!PATH`, `tcp!HOST!PORT` (HOST empty: this machine alone; `*`: every interface),
/// `vsock!CID!PORT`, `fd!N`.
public enum Address: Sendable, Hashable, CustomStringConvertible {
    /// One conversation on descriptors 0 and 1.
    case stdio
    /// A socket in the file system.
    case unix(path: String)
    /// A port of TCP, version 4 or 6.
    case tcp(host: String, port: UInt16)
    /// A port between a virtual machine and its host; see vsock(7).
    case vsock(cid: UInt32, port: UInt32)
    /// An open descriptor: a conversation, or a socket that listens.
    case descriptor(Int32)

    /// Reads the text of an address.
    ///
    /// Errors: `.invalid`, with what is wrong in the context.
    public init(_ text: String) throws(FileError) {
        let parts = text.parts(at: "!", omittingEmptySubsequences: false).map(String.init)
        func wrong(_ why: String) -> FileError { FileError(.invalid, "address \(text): \(why)") }
        switch (parts[0], parts.count) {
        case ("stdio", 1):
            self = .stdio
        case ("unix", 2...):
            // A path may hold the separator.
            let path = parts[1...].joined(separator: "!")
            guard !path.isEmpty else { throw wrong("no path") }
            guard path.utf8.count <= 107 else { throw wrong("the path is longer than 107 bytes") }
            self = .unix(path: path)
        case ("tcp", 2), ("tcp", 3):
            guard let port = UInt16(parts[parts.count - 1]) else { throw wrong("no such port") }
            let host = parts.count == 3 ? parts[1] : ""
            self = .tcp(host: host.isEmpty ? "127.0.0.1" : host, port: port)
        case ("vsock", 3):
            let cid = parts[1] == "*" || parts[1].isEmpty ? UInt32.max : UInt32(parts[1])
            guard let cid else { throw wrong("no such context") }
            guard let port = UInt32(parts[2]) else { throw wrong("no such port") }
            self = .vsock(cid: cid, port: port)
        case ("fd", 2):
            guard let number = Int32(parts[1]), number >= 0 else {
                throw wrong("no such descriptor")
            }
            self = .descriptor(number)
        default:
            throw wrong("not stdio, unix!PATH, tcp!HOST!PORT, vsock!CID!PORT or fd!N")
        }
    }

    /// The text, as it would be written on the command line.
    public var description: String {
        switch self {
        case .stdio: "stdio"
        case .unix(let path): "unix!\(path)"
        case .tcp(let host, let port): "tcp!\(host)!\(port)"
        case .vsock(let cid, let port): "vsock!\(cid == .max ? "*" : String(cid))!\(port)"
        case .descriptor(let number): "fd!\(number)"
        }
    }
}
