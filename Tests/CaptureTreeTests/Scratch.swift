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
