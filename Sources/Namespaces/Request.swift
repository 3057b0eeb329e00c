/// A system call that a view's starter answers in the kernel's place.
///
/// The call's path has been followed as the caller would have, to the file that it means.
public struct Request: Sendable, Hashable {
    /// What is asked.
    public enum Call: Sendable, Hashable {
        /// A new owner and group; nil leaves the one there is.
        case own(uid: UInt32?, gid: UInt32?)
        /// A device of this name in the directory that the request stands for; `mode` is type and
        /// permissions, the caller's umask applied, `device` as st_rdev is.
        case makeDevice(name: [UInt8], mode: UInt32, device: UInt64)
    }

    /// What is asked.
    public var call: Call
    /// Which of the view's FUSE steps, counted from 0, the file is of.
    ///
    /// Calls for files of any other file system are not asked here: an owner is accepted there, a
    /// device is made as an empty file, as fakeroot(1) does, and both are forgotten, or with
    /// `View.Answered.changes` noted at the file.
    public var mount: Int
    /// The file's number there, as st_ino is.
    public var inode: UInt64
}
