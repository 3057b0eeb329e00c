import FileTree
import Synchronization

/// How many bytes a layer's folder occupies, held against their limit.
///
/// Who is about to write takes the most that it may come to, and settles for what it came to:
/// two writers at once do not pass the limit together.
final class LayerUsage: Sendable {
    let limit: UInt64
    private let used = Mutex<UInt64>(0)

    init(limit: UInt64?) { self.limit = limit ?? .max }

    /// Bytes that are used or about to be.
    var bytes: UInt64 { used.withLock { $0 } }

    /// Takes `count` bytes, if there are so many.
    func take(_ count: UInt64) -> Bool {
        used.withLock { used in
            guard used <= limit, count <= limit - used else { return false }
            used += count
            return true
        }
    }

    /// Notes what `taken` bytes came to: the folder was of `old` bytes and is of `new` ones.
    func settle(taken: UInt64 = 0, from old: UInt64 = 0, to new: UInt64 = 0) {
        used.withLock { used in
            // What others do to the folder must not end the server: it is never below nothing.
            let (sum, overflow) = used.addingReportingOverflow(new)
            let gone = old.addingReportingOverflow(taken).partialValue
            used = overflow ? .max : sum >= gone ? sum - gone : 0
        }
    }
}
