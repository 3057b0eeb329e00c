import CLinux
import Glibc

/// A thread with mounts of its own, of which nothing is left when it ends, whatever happens.
public enum PrivateMounts {
    private final class Box {
        let body: @Sendable (Bool) -> Void
        init(_ body: @escaping @Sendable (Bool) -> Void) { self.body = body }
    }

    /// Runs `body` in a thread of its own and waits for its end; it is told whether it may mount.
    public static func run(_ body: @escaping @Sendable (_ mayMount: Bool) -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let failed = pthread_create(
            &thread,
            nil,
            { argument in
                let mayMount = pak_private_mounts() == 0
                if let argument {
                    Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body(mayMount)
                }
                return nil
            },
            box.toOpaque()
        )
        guard failed == 0 else {
            box.release()
            return body(false)
        }
        pthread_join(thread, nil)
    }
}
