package import FileTree
import Glibc
import Synchronization

/// A process's word that it uses packages of a folder: a locked file with their ids.
///
/// The kernel lets go of the lock when the process ends, however it does. One is made while the
/// folder's own lock is held shared, and counted while it is held alone.
package final class Lease: Sendable {
    private let folder: HostDescriptor
    private let file: HostDescriptor
    private let name: String
    private let calls: HostCalls
    /// What counts as a lease's text: more is no lease of ours.
    private static let limit = 1 << 24

    /// Makes an empty one in the folder of leases.
    package init(
        in folder: HostDescriptor,
        calls: HostCalls = HostCalls()
    ) throws(FileError) {
        self.folder = folder
        self.calls = calls
        name = "\(getpid()).\(UInt32.random(in: .min ... .max))"
        file = try calls.make(name, in: folder)
        try calls.lock(file, shared: false)
        let held = Held(folder: folder, name: name, calls: calls)
        if Self.held.withLock({ $0.add(held) }) { _ = atexit { Lease.removeAll() } }
    }

    /// The file of one that lives.
    private struct Held {
        let folder: HostDescriptor
        let name: String
        let calls: HostCalls
    }

    private struct AllHeld: Sendable {
        private var all: [String: Held] = [:]
        private var isRemovedAtExit = false

        /// Whether it is the first ever.
        mutating func add(_ one: Held) -> Bool {
            all[one.name] = one
            defer { isRemovedAtExit = true }
            return !isRemovedAtExit
        }

        mutating func remove(_ name: String) { all[name] = nil }

        mutating func take() -> [Held] {
            defer { all = [:] }
            return Array(all.values)
        }
    }

    /// A server ends while its threads still hold what they served.
    private static let held = Mutex(AllHeld())

    private static func removeAll() {
        for one in held.withLock({ $0.take() }) where one.name.hasPrefix("\(getpid()).") {
            // As in `deinit`.
            try? one.calls.remove(one.name, in: one.folder)
        }
    }

    deinit {
        Self.held.withLock { $0.remove(name) }
        // One that stays is not locked any more, and so is nobody's.
        try? calls.remove(name, in: folder)
    }

    /// The lines of the file: how many there are, and which of them name nothing any more.
    private struct Lines: Sendable {
        var count = 0
        var free: [Int] = []
    }

    private let lines = Mutex(Lines())
    private static let lineLength = 65

    /// Adds packages to those that are used, and gives the line of each.
    @discardableResult
    package func add(_ ids: [ContentID]) throws(FileError) -> [Int] {
        try lines.withLock { (lines) throws(FileError) in
            let old = Array(lines.free.suffix(ids.count))
            for (line, id) in zip(old, ids) { try write([id], at: line) }
            let new = ids.dropFirst(old.count)
            // Behind what was written whole: of a write that failed there may be half a line.
            if !new.isEmpty { try write(Array(new), at: lines.count) }
            lines.free.removeLast(old.count)
            defer { lines.count += new.count }
            return old + Array(lines.count..<lines.count + new.count)
        }
    }

    /// Takes back what was added as that line.
    package func remove(_ line: Int) throws(FileError) {
        try lines.withLock { (lines) throws(FileError) in
            // No package has that id.
            try write([ContentID()], at: line)
            lines.free.append(line)
        }
    }

    private func write(_ ids: [ContentID], at line: Int) throws(FileError) {
        var text: [UInt8] = []
        text.reserveCapacity(ids.count * Self.lineLength)
        for id in ids {
            id.write(to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        try text.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try calls.write(file, bytes, at: UInt64(line * Self.lineLength))
        }
    }

    /// The ids that living processes use, and by which lease; leases of the others are removed.
    package static func inUse(
        in folder: HostDescriptor,
        calls: HostCalls = HostCalls(),
        removingDead: Bool = true
    ) throws(FileError) -> [String: String] {
        var inUse: [String: String] = [:]
        for bytes in try calls.names(in: folder) {
            let name = String(decoding: bytes, as: UTF8.self)
            let file: HostDescriptor
            do throws(FileError) {
                file = try calls.open(name, in: folder, writable: false)
            } catch {
                // Let go of meanwhile.
                if error.kind == .notFound { continue }
                throw error
            }
            do throws(FileError) {
                try calls.lock(file, shared: false)
                if removingDead { try calls.remove(name, in: folder) }
            } catch {
                // It was unlocked, and its process has taken it away itself.
                if error.kind == .notFound { continue }
                guard error.kind == .busy else { throw error }
                // By what is open: its process may take it away meanwhile, and what was in it
                // counts for this once.
                let text = try calls.bytes(of: file, name, limit: limit)
                for line in text.split(separator: UInt8(ascii: "\n")) {
                    inUse[String(decoding: line, as: UTF8.self)] = name
                }
            }
        }
        return inUse
    }
}
