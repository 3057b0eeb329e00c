import FileTree
import Glibc
import NinePClient
import Synchronization

/// Clients that read what a pakfs shows of an environment while it goes to and fro between two
/// generations.
///
/// In one `data` holds `both0` to `both9`, 3000 letters `a` each, and `a0` to `a4`; in the other
/// 5000 letters `b` each, and `b0` to `b6`. Whatever is read is all of one of them.
final class SwitchReaders: Sendable {
    private let address: String
    private let name: String
    private let operations: Int
    private let switches: Int
    private let condition = Condition()
    private let state = Mutex(State())

    private struct State {
        var operations = 0
        var switches = 0
        var isSwitching = true
        var faults: [String] = []
    }

    private static let clients = 8

    init(_ address: String, _ name: String, operations: Int, switches: Int) {
        self.address = address
        self.name = name
        self.operations = operations
        self.switches = switches
    }

    /// Reads until all is done; what was done, and what was wrong.
    func run(_ generations: [String]) throws(FileError) -> (text: String, faults: [String]) {
        var readers: [Worker] = []
        for number in 0..<Self.clients {
            readers.append(try Worker { [self] in read(UInt64(number)) })
        }
        do throws(FileError) {
            let control = try Client(dial: address).attach(to: "ctl")
            for number in 0..<switches {
                try change(control, generations[number % generations.count])
                // The switches are spread over all that is read.
                condition.lock()
                while state.withLock({ state in
                    state.faults.isEmpty
                        && state.operations < operations / switches * (number + 1)
                }) {
                    condition.wait()
                }
                condition.unlock()
            }
        } catch {
            fault("switch: \(error)")
        }
        state.withLock { $0.isSwitching = false }
        for reader in readers { reader.join() }
        return state.withLock { state in
            ("\(state.operations) operations, \(state.switches) switches", state.faults)
        }
    }

    private func change(_ control: Fid, _ generation: String) throws(FileError) {
        let words = try control.walk("env/\(name)/ctl")
        try words.open(.write)
        try words.write(Array("gen \(generation)\n".utf8), at: 0)
        state.withLock { $0.switches += 1 }
    }

    private func fault(_ text: String) {
        condition.lock()
        state.withLock { if $0.faults.count < 20 { $0.faults.append(text) } }
        condition.wake()
        condition.unlock()
    }

    private var isOver: Bool {
        state.withLock { state in
            !state.faults.isEmpty || !state.isSwitching && state.operations >= operations
        }
    }

    private func read(_ number: UInt64) {
        do throws(FileError) {
            let root = try Client(dial: address).attach(to: name)
            var turn = number
            while !isOver {
                var done = 0
                for _ in 0..<20 {
                    if let what = try look(root, turn, &done) {
                        return fault("client \(number): \(what)")
                    }
                    turn += 1
                }
                condition.lock()
                state.withLock { $0.operations += done }
                condition.wake()
                condition.unlock()
            }
        } catch {
            fault("client \(number): \(error)")
        }
    }

    /// Looks at something; counts the requests, and says what is of no state, or of two.
    private func look(_ root: Fid, _ turn: UInt64, _ done: inout Int) throws(FileError) -> String? {
        switch turn % 3 {
        case 0:
            let folder = try root.walk("data")
            try folder.open()
            let names = try folder.entries().map { String(decoding: $0.name, as: UTF8.self) }
            done += 5
            let extra = names.filter { !$0.hasPrefix("both") }.sorted()
            let wanted = [["a0", "a1", "a2", "a3", "a4"], (0..<7).map { "b\($0)" }]
            let isWhole = names.count == Set(names).count && names.count == extra.count + 10
            return isWhole && wanted.contains(extra) ? nil : "a listing: \(names.sorted())"
        case 1:
            // What only one state has is there whole, or not at all.
            do throws(FileError) {
                let bytes = try contents(root.walk("data/a\(turn % 5)"), &done)
                return bytes == [UInt8(ascii: "a")] ? nil : "a file of one state: \(bytes)"
            } catch {
                done += 1
                if error.kind == .notFound { return nil }
                throw error
            }
        default:
            let file = try root.walk("data/both\(turn % 10)")
            let size = try file.stat().stat.size
            done += 1
            let bytes = try contents(file, &done)
            let letter: UInt8 = size == 3000 ? UInt8(ascii: "a") : UInt8(ascii: "b")
            guard size == 3000 || size == 5000, bytes.count == Int(size),
                bytes.allSatisfy({ $0 == letter })
            else { return "a file of \(size): \(bytes.count) bytes, \(Set(bytes))" }
            return nil
        }
    }

    /// A file's bytes, by several reads.
    private func contents(_ file: Fid, _ done: inout Int) throws(FileError) -> [UInt8] {
        try file.open()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 1)
        defer { room.deallocate() }
        var bytes: [UInt8] = []
        done += 3
        while true {
            let count = try file.read(into: room, at: UInt64(bytes.count))
            done += 1
            if count == 0 { return bytes }
            bytes += room[..<count]
        }
    }
}
