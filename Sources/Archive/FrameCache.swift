import FileTree
import Synchronization

/// Uncompressed frames of all packages, as many as fit so many bytes; the longest unused go first.
///
/// A frame that several threads want is decoded once. What an extent still points to stays in
/// memory until it is let go of, also when it is no longer in the cache.
public final class FrameCache: Sendable {
    struct Key: Hashable {
        var archive: UInt32
        var frame: UInt32

        // One word is hashed in half the time of two.
        func hash(into hasher: inout Hasher) {
            hasher.combine(UInt64(archive) << 32 | UInt64(frame))
        }
    }

    private struct Slot {
        var key = Key(archive: 0, frame: 0)
        var frame: CachedFrame?  // nil while it is being decoded
        var newer = -1
        var older = -1
    }

    private struct State {
        var places: [Key: Int] = [:]
        var slots: [Slot] = []
        var free: [Int] = []
        var newest = -1
        var oldest = -1
        var byteCount = 0
        var hits: UInt64 = 0
        var misses: UInt64 = 0
    }

    /// What the cache has done by now.
    public struct Statistics: Sendable {
        /// Frames held.
        public var frames: Int
        /// Their bytes.
        public var byteCount: Int
        /// Frames found.
        public var hits: UInt64
        /// Frames decoded.
        public var misses: UInt64
    }

    /// The most bytes held, what extents point to aside.
    public let capacity: Int
    private let state = Monitor(State())
    private let ahead = ReadAhead()
    private static let archives = Atomic<UInt32>(0)

    /// Makes an empty cache that holds `capacity` bytes.
    public init(capacity: Int = 32 << 20) { self.capacity = max(0, capacity) }

    deinit { ahead.stop() }

    /// What the cache has done by now.
    public var statistics: Statistics {
        state.withLock { state, _ in
            Statistics(
                frames: state.places.count,
                byteCount: state.byteCount,
                hits: state.hits,
                misses: state.misses
            )
        }
    }

    /// A number by which an archive's frames are told from others'.
    static func newArchive() -> UInt32 {
        archives.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Whether a frame is here.
    func has(_ key: Key) -> Bool {
        state.withLock { state, _ in
            state.places[key].map { state.slots[$0].frame != nil } ?? false
        }
    }

    /// Whether a frame is here, or being decoded.
    func hasOrAwaits(_ key: Key) -> Bool {
        state.withLock { state, _ in state.places[key] != nil }
    }

    /// A frame that is here; nil when it would have to be decoded.
    func cached(_ key: Key) -> CachedFrame? {
        state.withLock { state, _ in
            guard let place = state.places[key], let frame = state.slots[place].frame else {
                return nil
            }
            state.hits += 1
            Self.touch(place, &state)
            return frame
        }
    }

    /// A frame, decoded here or, when another thread is at it, waited for.
    func frame(
        _ key: Key,
        _ decode: () throws(FileError) -> CachedFrame
    ) throws(FileError) -> CachedFrame {
        let found = state.wait { state -> CachedFrame?? in
            if let place = state.places[key] {
                guard let frame = state.slots[place].frame else { return nil }
                state.hits += 1
                Self.touch(place, &state)
                return frame
            }
            state.misses += 1
            let place = state.free.popLast() ?? state.slots.count
            if place == state.slots.count { state.slots.append(Slot()) }
            state.slots[place] = Slot(key: key)
            state.places[key] = place
            return .some(nil)
        }
        if let found { return found }
        do {
            let frame = try decode()
            settle(key, frame)
            return frame
        } catch {
            settle(key, nil)
            throw error
        }
    }

    /// Runs `decode` on a thread of the cache, sometime soon, unless many wait already.
    func readAhead(_ decode: @escaping @Sendable () -> Void) { ahead.add(decode) }

    private func settle(_ key: Key, _ frame: CachedFrame?) {
        // Frames that go are freed after the lock is let go of.
        var gone: [CachedFrame] = []
        state.withLock { state, held in
            defer { held.notify() }
            guard let place = state.places[key] else { return }
            guard let frame, frame.bytes.count <= capacity else {
                state.places[key] = nil
                state.free.append(place)
                return
            }
            state.slots[place].frame = frame
            state.byteCount += frame.bytes.count
            Self.link(place, &state)
            while state.byteCount > capacity, state.oldest >= 0 {
                let last = state.oldest
                Self.unlink(last, &state)
                state.places[state.slots[last].key] = nil
                if let frame = state.slots[last].frame {
                    state.byteCount -= frame.bytes.count
                    gone.append(frame)
                }
                state.slots[last] = Slot()
                state.free.append(last)
            }
        }
    }

    private static func touch(_ place: Int, _ state: inout State) {
        if state.newest == place { return }
        unlink(place, &state)
        link(place, &state)
    }

    private static func link(_ place: Int, _ state: inout State) {
        state.slots[place].older = state.newest
        state.slots[place].newer = -1
        if state.newest >= 0 { state.slots[state.newest].newer = place }
        state.newest = place
        if state.oldest < 0 { state.oldest = place }
    }

    private static func unlink(_ place: Int, _ state: inout State) {
        let slot = state.slots[place]
        if slot.older >= 0 {
            state.slots[slot.older].newer = slot.newer
        } else {
            state.oldest = slot.newer
        }
        if slot.newer >= 0 {
            state.slots[slot.newer].older = slot.older
        } else {
            state.newest = slot.older
        }
    }
}

/// The bytes of one frame, for as long as somebody holds them.
final class CachedFrame: Sendable {
    private let memory: FrameMemory

    /// Takes over memory in which nothing is written any more.
    init(_ memory: FrameMemory) { self.memory = memory }

    deinit { memory.release() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory.bytes) }
}
