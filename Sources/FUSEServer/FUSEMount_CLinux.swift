import CLinux
public import FileTree
import Glibc

/// Makes mounts of the kernel's FUSE file system, and takes them away.
public enum FUSEMount {
    /// How a mount is made.
    public struct Options: Sendable {
        /// What the table of mounts calls the source.
        public var source = "pak"
        /// Nothing can be changed; then the kernel also asks for fewer attributes.
        public var isReadOnly = false
        /// Other users than the one who mounts may look; the kernel checks what each may.
        ///
        /// fusermount3 allows it only with `user_allow_other` in /etc/fuse.conf.
        public var allowsOthers = false

        /// Makes the options of a mount that can be changed, for its own user.
        public init() {}
    }

    /// The data of mount(2), type `fuse`, for a mount whose root belongs to a user as the mounting
    /// process's user namespace numbers them.
    ///
    /// Without a descriptor `fd=` is left out, for whoever mounts to put in front: the kernel takes
    /// a descriptor alone that was opened in the user namespace that mounts.
    public static func mountData(
        descriptor: Int32?,
        uid: UInt32,
        gid: UInt32,
        _ options: Options = Options()
    ) -> String {
        let device = descriptor.map { "fd=\($0)," } ?? ""
        let others = options.allowsOthers ? ",allow_other" : ""
        return "\(device)rootmode=40000,user_id=\(uid),group_id=\(gid),default_permissions\(others)"
    }

    /// Mounts at a directory and returns the descriptor to serve on: by mount(2) where that is
    /// allowed, else through fusermount3.
    ///
    /// Nothing below the directory answers until a server runs. Errors: `.notPermitted` when
    /// neither is allowed, `.notFound` for the directory, and those of mount(2).
    public static func mount(
        at path: String,
        _ options: Options = Options()
    ) throws(FileError) -> Int32 {
        let device = pak_fuse_open()
        var why = errno
        if device >= 0 {
            let data = mountData(descriptor: device, uid: getuid(), gid: getgid(), options)
            let mounted = pak_mount(
                options.source,
                path,
                "fuse.pak",
                options.isReadOnly ? 1 : 0,
                data
            )
            if mounted == 0 { return device }
            why = errno
            close(device)
        }
        guard why == EPERM || why == EACCES || why == ENOENT, geteuid() != 0 else {
            throw FileError(.init(number: why), device < 0 ? "/dev/fuse" : nil)
        }
        return try mountByProgram(at: path, options)
    }

    private static func mountByProgram(
        at path: String,
        _ options: Options
    ) throws(FileError) -> Int32 {
        var words = ["default_permissions", "fsname=\(options.source)", "subtype=pak"]
        words.append(options.isReadOnly ? "ro" : "rw")
        if options.allowsOthers { words.append("allow_other") }
        let (descriptor, number, said) = withComplaints { text, size in
            pak_fusermount(path, words.joined(separator: ","), text, size)
        }
        guard descriptor >= 0 else { throw refusal(path, number, said) }
        return descriptor
    }

    /// Takes a mount away; lazily also while it is in use, which its users still see to its end.
    ///
    /// Errors: `.busy`, `.invalid` when nothing is mounted there, `.notPermitted`.
    public static func unmount(_ path: String, lazily: Bool = false) throws(FileError) {
        if pak_unmount(path, lazily ? 1 : 0) == 0 { return }
        let number = errno
        guard number == EPERM, geteuid() != 0 else {
            throw FileError(.init(number: number))
        }
        let (result, why, said) = withComplaints { text, size in
            pak_fuserunmount(path, lazily ? 1 : 0, text, size)
        }
        if result < 0 { throw refusal(path, why, said) }
    }

    private static func refusal(_ path: String, _ number: Int32, _ said: String) -> FileError {
        if number == ENOENT { return FileError(.notFound, "fusermount3: not installed") }
        // It ends with the same status whatever it is; its words end with the system's.
        for known in [ENOENT, ENOTDIR, EBUSY, EACCES, EPERM, EINVAL]
        where said.hasSuffix(String(cString: strerror(known))) {
            return FileError(.init(number: known), path)
        }
        return FileError(.init(number: number), said.isEmpty ? path : "\(path): \(said)")
    }

    /// Runs what leaves its complaints in a buffer; returns its result, errno and the complaints.
    private static func withComplaints(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> Int32
    ) -> (result: Int32, number: Int32, said: String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { text in
            text.initialize(repeating: 0)
            guard let start = text.baseAddress else { return (-1, ENOMEM, "") }
            let result = body(start, text.count)
            let number = errno
            return (result, number, String(cString: start))
        }
    }
}
