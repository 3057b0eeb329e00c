import ArgumentParser
import FileTree
import Glibc
import NineP
import NinePClient
import Terminal

/// Which server a command reads from, and which of its trees.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The server: unix!PATH or tcp!HOST!PORT.",
            discussion: "unix!$XDG_RUNTIME_DIR/pakfs.sock unless given."
        )
    )
    var address: String?

    @Option(name: [.customShort("A"), .long], help: "The tree to attach to.")
    var aname = ""

    func validate() throws { try Self.check(address) }

    /// Refuses what is no address.
    static func check(_ address: String?) throws {
        guard let address, !address.contains("!") else { return }
        throw ValidationError("-a \(address): not unix!PATH or tcp!HOST!PORT")
    }

    /// Connects, and gives the root.
    func attach() throws(Complaint) -> Fid {
        var address = self.address ?? ""
        if address.isEmpty { address = try Self.usual() }
        return try Self.attach(to: address, aname)
    }

    /// Connects to an address, and gives the root of one of its trees.
    static func attach(to address: String, _ aname: String) throws(Complaint) -> Fid {
        let client: Client
        do throws(FileError) {
            client = try Client.dial(address)
        } catch {
            throw Complaint(address, error, try: cure(for: error.kind, address))
        }
        let name = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "nobody"
        do throws(FileError) {
            return try client.attach(as: name, user: geteuid(), to: aname)
        } catch {
            throw Complaint("attach \(aname)", error)
        }
    }

    private static func cure(for kind: FileError.Kind, _ address: String) -> String {
        guard kind == .permission, address.utf8.starts(with: "unix!".utf8) else {
            return "pakfs -l \(ShellWord.quoted(address)) PACKAGE..."
        }
        // The folder may be closed as well.
        var place = String(decoding: address.utf8.dropFirst(5), as: UTF8.self)
        var status = stat()
        while lstat(place, &status) != 0, errno == EACCES,
            let slash = place.utf8.lastIndex(of: UInt8(ascii: "/"))
        {
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        return "ls -ld \(ShellWord.quoted(place)), which says whose it is"
    }

    private static func usual() throws(Complaint) -> String {
        guard let folder = getenv("XDG_RUNTIME_DIR") else {
            throw Complaint("no address: XDG_RUNTIME_DIR is not set", try: "-a 'unix!PATH'")
        }
        return "unix!\(String(cString: folder))/pakfs.sock"
    }
}
