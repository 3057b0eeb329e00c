import FileTree
import Glibc

extension Conversation {
    @inline(__always)
    func handle(
        _ opcode: Opcode,
        _ request: Request,
        _ reply: inout Reply,
        _ place: Place
    ) throws(FileError) -> Outcome {
        switch opcode {
        case .lookup: try lookup(request, &reply)
        case .getattr: try getattr(request, &reply)
        case .read: return try read(request, &reply, place)
        case .open: return try open(request, &reply, place)
        case .release: handles.remove(request.u64(0))
        case .forget: return forget(request)
        case .readdirplus: try readdir(request, &reply, isPlus: true)
        case .readdir: try readdir(request, &reply, isPlus: false)
        case .getxattr: try getxattr(request, &reply)
        case .readlink: try readlink(request, &reply)
        case .write: try write(request, &reply, place)
        case .setattr: try setattr(request, &reply)
        default: return try handleRarely(opcode, request, &reply, place)
        }
        return .answered
    }

    @inline(never)
    private func handleRarely(
        _ opcode: Opcode,
        _ request: Request,
        _ reply: inout Reply,
        _ place: Place
    ) throws(FileError) -> Outcome {
        switch opcode {
        case .initialize: try initialize(request, &reply)
        case .destroy: end()
        case .batchForget: return batchForget(request)
        case .interrupt: return interrupt(request)
        case .opendir: return try opendir(request, &reply)
        case .releasedir: break
        case .access: try access(request)
        case .statfs: try statfs(&reply)
        case .flush: return .refused(ENOSYS)
        case .fsync: try fsync(request)
        case .fsyncdir: try nodes.find(request.node).sync()
        case .listxattr: try listxattr(request, &reply)
        case .setxattr: try setxattr(request)
        case .removexattr: try removexattr(request)
        case .create: try create(request, &reply)
        case .tmpfile: return .refused(ENOSYS)
        case .mknod: try mknod(request, &reply)
        case .mkdir: try mkdir(request, &reply)
        case .symlink: try symlink(request, &reply)
        case .link: try link(request, &reply)
        case .unlink: try remove(request, expected: .file)
        case .rmdir: try remove(request, expected: .directory)
        case .rename: try rename(request, nameOffset: 8, flags: 0)
        case .rename2: try rename(request, nameOffset: 16, flags: request.u32(8))
        case .fallocate: try fallocate(request)
        case .lseek: return try lseek(request, &reply, place)
        case .getlk, .setlk, .setlkw: return .refused(ENOSYS)
        case .lookup, .getattr, .read, .open, .release, .forget, .readdirplus, .readdir, .getxattr,
            .readlink, .write, .setattr:
            return .refused(ENOSYS)
        }
        return .answered
    }
}
