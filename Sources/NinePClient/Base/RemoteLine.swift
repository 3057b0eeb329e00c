internal import FileTree
internal import Glibc
internal import Synchronization

/// The way to a server: a client, or why there is none now.
///
/// One caller dials, and nobody waits for it: to the others there is no server meanwhile.
final class RemoteLine: Sendable {
    /// The server's name in errors.
    let name: String
    private let aname: String
    private let options: RemoteBase.Options
    private let dial: @Sendable () throws(FileError) -> Client
    private let state = Mutex(State.down(why: nil, until: 0))

    private enum State {
        case up(Client, root: Fid)
        /// Not to be dialed before that time.
        case down(why: FileError?, until: UInt64)
        case dialing
    }

    init(
        name: String,
        aname: String,
        _ options: RemoteBase.Options,
        dial: @escaping @Sendable () throws(FileError) -> Client
    ) {
        self.name = name
        self.aname = aname
        self.options = options
        self.dial = dial
    }

    /// A client whose server answers, as far as is known.
    ///
    /// Errors: `.inputOutput` when there is none; the very first time, why there is none.
    func client() throws(FileError) -> Client {
        let now = options.clock()
        var isFirst = false
        let known = state.withLock { state -> Result<Client, FileError>? in
            switch state {
            case .up(let client, _):
                if client.failure == nil { return .success(client) }
            case .down(let why, let until):
                if now < until, let why { return .failure(why) }
                isFirst = why == nil
            case .dialing:
                return .failure(FileError(.inputOutput, "\(name): being dialed again"))
            }
            state = .dialing
            return nil
        }
        if let known { return try known.get() }
        do throws(FileError) {
            let client = try dial()
            let root = try client.attach(as: userName, user: userNumber, to: aname)
            guard root.qid.type.contains(.directory) else { throw FileError(.notDirectory) }
            state.withLock { $0 = .up(client, root: root) }
            return client
        } catch {
            // To whoever uses the tree, that there is no server is not that there is no file.
            let why = FileError(.inputOutput, "\(name): \(error.context ?? "\(error)")")
            let pause = UInt64(max(0, options.freshness)) &* 1_000_000
            state.withLock { $0 = .down(why: why, until: now &+ pause) }
            throw isFirst ? error : why
        }
    }

    /// The fid of the tree's root.
    func root(of client: Client) throws(FileError) -> Fid {
        let root = state.withLock { state -> Fid? in
            if case .up(let now, let root) = state, now === client { return root }
            return nil
        }
        guard let root else { throw FileError(.inputOutput, "\(name): the server has hung up") }
        return root
    }

    /// An error as the asker is to see it: with the server's name and a path.
    ///
    /// What a tree may say goes on; all else is the server's failure, whatever it calls it.
    func told(_ error: FileError, _ path: String?) -> FileError {
        var error = error
        switch error.kind {
        case .notFound, .permission, .notPermitted, .notDirectory, .isDirectory, .noAttribute,
            .tooManyLinks, .nameTooLong, .interrupted, .tooManyFiles:
            break
        default:
            let words = error.context ?? "\(error.kind.text)"
            error = FileError(.inputOutput, words)
        }
        if let path { error = error.at(path) }
        // Those of dialing name the server already.
        return error.context?.hasPrefix(name) == true ? error : error.at(name)
    }

    private var userName: String {
        if let user = options.user { return user.name }
        return getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "nobody"
    }

    private var userNumber: UInt32 { options.user?.uid ?? geteuid() }
}
