import FileTree
import Glibc

/// What pakfs asks of its own process: signals, and the word that it is ready.
enum Process {
    /// What a signal asks for.
    enum Request {
        /// To answer what was asked, and end.
        case drain
        /// To read packages and folders again.
        case reread
    }

    private static let signals = [SIGTERM, SIGINT, SIGHUP]

    /// Keeps the signals from every thread that is started afterwards, so that `nextRequest` gets
    /// them; a lost peer is no signal.
    static func holdSignals() {
        signal(SIGPIPE, SIG_IGN)
        // A layer's file past the limit of ulimit(1) is an error of the write that met it.
        signal(SIGXFSZ, SIG_IGN)
        var set = signalSet()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for a signal.
    static func nextRequest() -> Request {
        var set = signalSet()
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGHUP ? .reread : .drain
    }

    /// Wakes `nextRequest`, as SIGTERM does, once `wait` returns, which has a thread for it.
    static func requestDrain(after wait: @escaping @Sendable () -> Void) {
        // Without the thread the server goes on until it is told to end.
        try? Worker.start {
            wait()
            kill(getpid(), SIGTERM)
        }
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        return set
    }

    /// The value of an environment variable; nil when it is unset or empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// Tells a service manager that asked for it that all addresses are listened on.
    ///
    /// See sd_notify(3).
    static func notifyReady() {
        guard let path = variable("NOTIFY_SOCKET") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // A leading @ stands for the NUL of an address that is in no file system.
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let size = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + name.count } ?? 0
        let message = Array("READY=1\n".utf8)
        _ = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(socket, message, message.count, 0, address, socklen_t(size))
            }
        }
    }
}
