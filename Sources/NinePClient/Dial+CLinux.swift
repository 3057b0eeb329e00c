internal import CLinux
public import FileTree
internal import Glibc

extension Conversation {
    /// Connects to a server.
    ///
    /// An address is `unix!PATH`, `tcp!HOST!PORT`, `vsock!CID!PORT`, `fd!N` or `stdio`; what starts
    /// with `/` or `.` is the path of a unix socket. TCP's port may be left out and is 564 then.
    /// With `patience` all of that takes so many milliseconds at most: the look-up of a host's name,
    /// and connecting to its addresses, each of which has its share of what is left.
    /// Errors: `.invalid` for an address that is none of these, else why the server cannot be
    /// reached, each with the address in its context.
    public static func dial(
        _ address: String,
        patience: Int? = nil
    ) throws(FileError) -> Conversation {
        let limit = Int32(clamping: patience ?? 0)
        let parts = address.parts(at: "!", omittingEmptySubsequences: false).map(String.init)
        var resolver: Int32 = 0
        let descriptor: Int32
        switch (parts[0], parts.count) {
        case ("stdio", 1):
            return Conversation(input: 0, output: 1, closing: false)
        case ("fd", 2):
            guard let number = Int32(parts[1]), number >= 0 else {
                throw FileError(.invalid, "address \(address): no such descriptor")
            }
            return Conversation(input: number, output: number, closing: false)
        case ("unix", 2...):
            descriptor = pak_dial_unix(parts[1...].joined(separator: "!"), limit)
        case ("tcp", 2...3):
            let host = parts[1].isEmpty ? "127.0.0.1" : parts[1]
            let port = parts.count == 3 ? parts[2] : "564"
            // The look-up of a service would take the last sixteen bits of a number.
            guard port.utf8.contains(where: { !(48...57).contains($0) }) || UInt16(port) != nil
            else {
                throw FileError(.invalid, "address \(address): no such port")
            }
            descriptor = pak_dial_tcp(host, port, limit, &resolver)
        case ("vsock", 3):
            guard let cid = UInt32(parts[1]), let port = UInt32(parts[2]) else {
                throw FileError(.invalid, "address \(address): no such context or port")
            }
            descriptor = pak_dial_vsock(cid, port, limit)
        default:
            guard address.utf8.starts(with: "/".utf8) || address.utf8.starts(with: ".".utf8) else {
                throw FileError(
                    .invalid,
                    "address \(address): not unix!PATH, tcp!HOST!PORT, vsock!CID!PORT or stdio"
                )
            }
            descriptor = pak_dial_unix(address, limit)
        }
        if descriptor == -2 {
            throw FileError(.notFound, "\(address): \(String(cString: gai_strerror(resolver)))")
        }
        if descriptor < 0 { throw failure(errno, address) }
        return Conversation(input: descriptor, output: descriptor, closing: true)
    }

    /// The error that a number of the host stands for, with the host's own words for it.
    static func failure(_ number: Int32, _ place: String) -> FileError {
        // What a socket says whose time is up sounds like work for later.
        if number == EINPROGRESS || number == EAGAIN {
            return FileError(.inputOutput, "\(place): no answer in time")
        }
        return FileError(
            FileError.Kind(number: number),
            "\(place): \(String(cString: strerror(number)))"
        )
    }
}
