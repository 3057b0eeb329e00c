import FileTree
import Glibc

/// Who is at the other end of a conversation, as far as its transport proves it.
///
/// - On a unix socket the kernel says who connected. Whoever runs the server, and root, are owners:
///   no permission is asked of them, and by a number in Tattach they may act as another user, as
///   Linux does for each user of a mount. Any other peer is who it is, whatever it says.
/// - On stdio and inherited pipes the peer is whoever started the server.
/// - Over TCP and vsock nothing is proven. A peer is the user that it names, by number or by name,
///   and `nobody` when it names none. It is never an owner: files' permissions always count.
enum Peer: Sendable, Hashable {
    /// Whoever started the server.
    case caller
    /// A user of this machine.
    case local(uid: UInt32, gid: UInt32)
    /// Someone on a network.
    case remote

    /// The number that stands for no number in Tattach.
    static let noNumber = UInt32.max
    private static let nobody: UInt32 = 65534

    /// Asks the kernel who is at the other end.
    init(descriptor: Int32) {
        if Socket.kind(descriptor) == .other {
            self = .caller
        } else if let peer = Socket.peer(descriptor) {
            self = .local(uid: peer.uid, gid: peer.gid)
        } else {
            self = .remote
        }
    }

    /// The user that an attach makes.
    ///
    /// Errors: `.permission` for a local peer that asks to be someone else.
    func user(name: String, number: UInt32) throws(FileError) -> User {
        switch self {
        case .caller:
            return Self.chosen(by: getuid(), getgid(), name: name, number: number)
        case .local(let uid, let gid):
            if uid == 0 || uid == geteuid() {
                return Self.chosen(by: uid, gid, name: name, number: number)
            }
            guard number == Self.noNumber || number == uid else {
                throw FileError(.permission, "user \(uid) attaches as \(number)")
            }
            return User(uid: uid, gid: gid, name: name, isOwner: false)
        case .remote:
            return Self.claimed(name: name, number: number)
        }
    }

    /// An owner, or the user whom an owner names by number.
    private static func chosen(
        by uid: UInt32,
        _ gid: UInt32,
        name: String,
        number: UInt32
    ) -> User {
        guard number != noNumber, number != 0, number != uid else {
            return User(uid: uid, gid: gid, name: name, isOwner: true)
        }
        let group = Socket.group(ofUser: number) ?? nobody
        return User(
            uid: number,
            gid: group,
            name: name,
            isOwner: false,
            hasUnknownGroups: true
        )
    }

    private static func claimed(name: String, number: UInt32) -> User {
        let user =
            number == noNumber
            ? Socket.user(named: name)
            : (uid: number, gid: Socket.group(ofUser: number) ?? nobody)
        return User(
            uid: user?.uid ?? nobody,
            gid: user?.gid ?? nobody,
            name: name,
            isOwner: false
        )
    }
}
