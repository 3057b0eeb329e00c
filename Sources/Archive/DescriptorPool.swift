import FileTree
import Glibc
import Synchronization

/// The descriptors of many files, of which only so many are open at a time.
package final class DescriptorPool: Sendable {
    /// The one of the process: half of what the host allows, once it has been asked for more.
    static let shared = DescriptorPool(limit: raiseLimit() / 2)

    private struct Slot {
        var owner: ObjectIdentifier?
        var descriptor: Descriptor?
        var isRecent = false
    }

    private struct State {
        var slots: [Slot] = []
        var places: [ObjectIdentifier: Int] = [:]
        var free: [Int] = []
        var hand = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = max(1, limit) }

    /// How many are open.
    var count: Int { state.withLock { $0.places.count } }

    func open(_ path: String) throws(FileError) -> Descriptor {
        while true {
            let number = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
            if number >= 0 { return Descriptor(number) }
            // Others use descriptors too: when there are none left, ours have to go.
            if errno == EMFILE, closeSome() { continue }
            if errno == EINTR { continue }
            throw FileError(FileError.Kind(number: errno), path)
        }
    }

    func descriptor(of owner: ObjectIdentifier) -> Descriptor? {
        state.withLock { state in
            guard let place = state.places[owner] else { return nil }
            state.slots[place].isRecent = true
            return state.slots[place].descriptor
        }
    }

    func keep(_ descriptor: Descriptor, for owner: ObjectIdentifier) {
        // What goes is closed after the lock is let go of.
        var gone: Descriptor?
        state.withLock { state in
            let place: Int
            if let known = state.places[owner] {
                place = known
            } else if let free = state.free.popLast() {
                place = free
            } else if state.slots.count < limit {
                place = state.slots.count
                state.slots.append(Slot())
            } else {
                place = Self.oldest(&state)
            }
            gone = state.slots[place].descriptor
            if let other = state.slots[place].owner { state.places[other] = nil }
            state.slots[place] = Slot(owner: owner, descriptor: descriptor, isRecent: true)
            state.places[owner] = place
        }
        _ = gone
    }

    func forget(_ owner: ObjectIdentifier) {
        var gone: Descriptor?
        state.withLock { state in
            guard let place = state.places.removeValue(forKey: owner) else { return }
            gone = state.slots[place].descriptor
            state.slots[place] = Slot()
            state.free.append(place)
        }
        _ = gone
    }

    /// Closes a quarter of what is open; false when nothing is.
    private func closeSome() -> Bool {
        var gone: [Descriptor] = []
        state.withLock { state in
            let count = (state.places.count + 3) / 4
            for _ in 0..<count {
                let place = Self.oldest(&state)
                if let owner = state.slots[place].owner { state.places[owner] = nil }
                if let descriptor = state.slots[place].descriptor { gone.append(descriptor) }
                state.slots[place] = Slot()
                state.free.append(place)
            }
        }
        return !gone.isEmpty
    }

    /// The next that nobody asked for since the hand passed it last; there is one.
    private static func oldest(_ state: inout State) -> Int {
        while true {
            let place = state.hand % state.slots.count
            state.hand = (place + 1) % state.slots.count
            if state.slots[place].owner != nil, !state.slots[place].isRecent { return place }
            state.slots[place].isRecent = false
        }
    }
}
