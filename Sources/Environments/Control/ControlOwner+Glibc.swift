import Glibc

/// Whose the files that take words are: this process's user's.
enum ControlOwner {
    static var user: UInt32 { geteuid() }
    static var group: UInt32 { getegid() }
}
