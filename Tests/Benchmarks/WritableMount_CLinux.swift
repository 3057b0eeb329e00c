import CLinux
import FileTree
import Glibc

/// A neighbour that shows a directory as writable and keeps the changes elsewhere, mounted.
final class WritableMount {
    /// The neighbours that are there to be measured.
    enum Kind: String, CaseIterable {
        case overlayfs
        case fuseOverlayfs = "fuse-overlayfs"
    }

    /// Where it is mounted.
    let path: String
    /// Where it keeps the changes.
    let upper: String

    /// Mounts one, or says why there is none.
    init(_ kind: Kind, over lower: String, in place: String) throws(FileError) {
        // Whatever happens, no mount is left behind.
        try CaptureFiles.check(pak_private_mounts(), "mounts of its own")
        path = place + "/merged"
        upper = place + "/upper"
        let work = place + "/work"
        for folder in [place, path, upper, work] {
            try CaptureFiles.check(mkdir(folder, 0o755), folder)
        }
        let folders = "lowerdir=\(lower),upperdir=\(upper),workdir=\(work)"
        switch kind {
        case .overlayfs:
            let options = folders + ",redirect_dir=on,index=on"
            try CaptureFiles.check(mount("overlay", path, "overlay", 0, options), kind.rawValue)
        case .fuseOverlayfs:
            let status = try Program.run(["fuse-overlayfs", "-o", folders, path])
            guard status == 0 else { throw FileError(.unsupported, "\(kind.rawValue): \(status)") }
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    func changeMode(_ name: String) throws(FileError) {
        try CaptureFiles.check(chmod("\(path)/\(name)", 0o600), name)
    }

    func writeByte(_ name: String) throws(FileError) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CLOEXEC)
        try CaptureFiles.check(file, name)
        defer { close(file) }
        try CaptureFiles.check(Int32(pwrite(file, "x", 1, CaptureFiles.writeSize / 2)), name)
    }

    func move(_ name: String, to new: String) throws(FileError) {
        try CaptureFiles.check(rename("\(path)/\(name)", "\(path)/\(new)"), name)
    }

    /// Makes small files; the same as `CreateWork`, by system calls.
    func create(_ count: Int, in folder: String) throws(FileError) {
        let bytes = [UInt8](repeating: 0x61, count: CreateWork.fileSize)
        for number in 0..<count {
            let file = open(
                "\(path)/\(folder)/file\(number)",
                O_WRONLY | O_CREAT | O_CLOEXEC,
                0o644
            )
            try CaptureFiles.check(file, folder)
            defer { close(file) }
            try CaptureFiles.check(Int32(write(file, bytes, bytes.count)), folder)
        }
    }
}
