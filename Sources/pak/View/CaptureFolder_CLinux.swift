import CLinux
import FileTree
import Glibc
import Terminal

/// A folder for a layer: one that stays, or one that is gone when the command is.
///
/// The latter is locked for as long as its command runs: so what a killed one has left is known, and
/// goes when the next is made. A signal that ends this process takes it along.
struct CaptureFolder {
    let path: String
    /// One that was made here, and its lock, where the file system has locks.
    private let isOurs: Bool
    private let lock: Int32?

    /// Takes the folder at a path, or makes one where there is room for a build.
    init(_ wanted: String?) throws(Complaint) {
        isOurs = wanted == nil
        if let wanted {
            path = wanted
            lock = nil
            return
        }
        for old in Self.left { HostFolder.remove(old) }
        // None comes between the two.
        var every = sigset_t()
        var mask = sigset_t()
        sigfillset(&every)
        pthread_sigmask(SIG_SETMASK, &every, &mask)
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        do throws(FileError) {
            path = try HostFolder.makeNew("\(Self.place)/\(Self.name)")
        } catch {
            throw Complaint(Self.place, error, try: "--layer DIR")
        }
        pak_remove_at_signal(path)
        lock = Self.lock(path, waiting: true)
    }

    /// Removes it, if it was made here.
    func remove() {
        if isOurs {
            HostFolder.remove(path)
            pak_remove_at_signal(nil)
        }
        if let lock { close(lock) }
    }

    /// Gives one that was made here to the user, as a layer of that name; nil where it is his, or
    /// cannot be had.
    func keep(as name: String) -> String? {
        guard isOurs, let folder = try? HostFolder.makeNew("\(Self.place)/pak-kept") else {
            return nil
        }
        let layer = "\(folder)/\(name)"
        guard rename(path, layer) == 0 else {
            HostFolder.remove(folder)
            return nil
        }
        return layer
    }

    private static var place: String { HostNames.variable("TMPDIR") ?? "/var/tmp" }
    private static let name = "pak-capture"

    /// The folders of this user's captures that are there without a command.
    ///
    /// An empty one is about to be locked.
    static var left: [String] {
        // What cannot be listed has nothing of ours.
        let names = (try? HostFolder.names(in: place)) ?? []
        return names.lazy.filter { $0.hasPrefix("\(name).") }.map { "\(place)/\($0)" }.filter {
            path in
            guard let lock = lock(path, waiting: false) else { return false }
            defer { close(lock) }
            return (try? HostFolder.names(in: path).isEmpty) == false
        }
    }

    /// Takes the lock of a folder of this user's; nil where that cannot be had.
    private static func lock(_ path: String, waiting: Bool) -> Int32? {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return nil }
        var status = stat()
        guard fstat(folder, &status) == 0, status.st_uid == geteuid(),
            flock(folder, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) == 0
        else {
            close(folder)
            return nil
        }
        return folder
    }
}
