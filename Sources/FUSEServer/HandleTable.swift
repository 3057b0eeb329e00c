import FileTree
import Synchronization

/// The files that the kernel has open.
///
/// A handle's number is a place and how often the place has been used, so that a number from
/// before means nothing.
final class HandleTable: Sendable {
    private struct Slot {
        var file: (any OpenFile)?
        var use: UInt32 = 1
    }

    private struct Slots {
        var all: [Slot] = []
        var free: [UInt32] = []
    }

    private let slots = Mutex(Slots())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes a file, and returns its number.
    ///
    /// Errors: `.tooManyFiles` at the limit.
    func add(_ file: any OpenFile) throws(FileError) -> UInt64 {
        let number = slots.withLock { slots -> UInt64? in
            if let place = slots.free.popLast() {
                slots.all[Int(place)].file = file
                return UInt64(slots.all[Int(place)].use) << 32 | UInt64(place)
            }
            guard slots.all.count < limit else { return nil }
            slots.all.append(Slot(file: file))
            return 1 << 32 | UInt64(slots.all.count - 1)
        }
        guard let number else { throw FileError(.tooManyFiles) }
        return number
    }

    /// The file of a number.
    ///
    /// Errors: `.unknownFid`.
    func find(_ number: UInt64) throws(FileError) -> any OpenFile {
        let file = slots.withLock { slots -> (any OpenFile)? in
            let place = Int(number & 0xffff_ffff)
            guard place < slots.all.count, UInt64(slots.all[place].use) == number >> 32 else {
                return nil
            }
            return slots.all[place].file
        }
        guard let file else { throw FileError(.unknownFid) }
        return file
    }

    /// Lets go of a file.
    func remove(_ number: UInt64) {
        // Let go of outside of the lock: its end is its tree's business.
        var gone: (any OpenFile)?
        slots.withLock { slots in
            let place = Int(number & 0xffff_ffff)
            guard place < slots.all.count, UInt64(slots.all[place].use) == number >> 32,
                slots.all[place].file != nil
            else { return }
            swap(&gone, &slots.all[place].file)
            slots.all[place].use &+= 1
            slots.free.append(UInt32(place))
        }
        _ = gone
    }

    /// Lets go of all.
    func removeAll() {
        let gone = slots.withLock { slots in
            let all = slots
            slots = Slots()
            return all
        }
        _ = gone
    }
}
