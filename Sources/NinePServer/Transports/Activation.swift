import Glibc

extension Address {
    /// The sockets that systemd opened for this process; none when it did not start us so.
    ///
    /// See sd_listen_fds(3).
    public static func activated() -> [Address] {
        guard let process = getenv("LISTEN_PID"), let number = getenv("LISTEN_FDS"),
            Int32(String(cString: process)) == getpid(),
            let count = Int32(String(cString: number)), (1...1024).contains(count)
        else { return [] }
        return (3..<3 + count).map { .descriptor($0) }
    }
}
