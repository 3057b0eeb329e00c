import Glibc

extension View {
    /// Whether this process may mount without a user namespace.
    static var isPrivileged: Bool { geteuid() == 0 }
}
