import FileTree
import Glibc
import ScratchFolder
import Synchronization

@testable import CaptureTree

/// A folder for one test.
final class Scratch: Sendable {
    private let folder: ScratchFolder
    var path: String { folder.path }
    /// A layer's folder in it, not made yet.
    var layer: String { path + "/layer" }
    var log: String { layer + "/log" }

    init() throws(FileError) { folder = try ScratchFolder() }

    /// The names in a folder, sorted.
    func names(_ folder: String) -> [String] {
        // Where there is no folder, there are no names.
        (try? HostFolder.names(in: folder)) ?? []
    }

    /// The bytes of a file.
    func bytes(_ path: String) throws(FileError) -> [UInt8] {
        let file = try HostDescriptor.openFile(path: path)
        let size = Int(try file.typeAndSize().size)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 8)
        defer { room.deallocate() }
        return Array(room[..<(try file.read(into: room, at: 0))])
    }

    /// Makes a file of some bytes, in place of what is there.
    func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let number = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw FileError(.init(number: errno), path) }
        defer { close(number) }
        guard Glibc.write(number, bytes, bytes.count) == bytes.count else {
            throw FileError(.init(number: errno), path)
        }
    }
}

/// Makes calls of the host go wrong from the n-th on, or the n-th alone.
final class Faults: Sendable {
    enum Kind: Sendable, CaseIterable {
        /// The call gives ENOSPC, the next ones work.
        case full
        /// The call gives EIO, the next ones work.
        case broken
        /// The call writes a byte, if it writes, and nothing is done from then on: a death.
        case death
        /// As `full`, and nothing can be put back.
        case fullForGood
    }

    private let kind: Kind
    private let place: Int
    private let count = Mutex(0)

    init(_ kind: Kind, at place: Int) {
        self.kind = kind
        self.place = place
    }

    /// How many calls there were.
    var calls: Int { count.withLock { $0 } }
    var hasStruck: Bool { calls > place }

    func fault(_ call: HostCalls.Call) -> HostCalls.Fault? {
        let number = count.withLock { count in
            count += 1
            return count - 1
        }
        if number < place { return nil }
        switch kind {
        case .full: return number == place ? .error(ENOSPC) : nil
        case .broken: return number == place ? .error(EIO) : nil
        case .death: return number == place && call == .write ? .short(1) : .error(EIO)
        case .fullForGood:
            let isPutBack = call == .resize && number > place
            return number == place || isPutBack ? .error(ENOSPC) : nil
        }
    }

    /// The host, but for the faults.
    var host: HostCalls { HostCalls(fault: { self.fault($0) }) }
}

/// Answers calls of the host as they come: the n-th of a kind by the n-th of its list.
final class Plan: Sendable {
    private let state: Mutex<(faults: [HostCalls.Call: [HostCalls.Fault?]], counts: Counts)>
    private typealias Counts = [HostCalls.Call: Int]

    init(_ faults: [HostCalls.Call: [HostCalls.Fault?]]) { state = Mutex((faults, [:])) }

    /// How many calls of a kind there were.
    func count(_ call: HostCalls.Call) -> Int { state.withLock { $0.counts[call] ?? 0 } }

    /// The host, but for the faults.
    var host: HostCalls {
        HostCalls(fault: { call in
            self.state.withLock { state in
                let place = state.counts[call] ?? 0
                state.counts[call] = place + 1
                guard let faults = state.faults[call], place < faults.count else { return nil }
                return faults[place]
            }
        })
    }
}
