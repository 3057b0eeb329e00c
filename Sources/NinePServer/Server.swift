public import FileTree
import Glibc
import Synchronization

/// Serves a tree over 9P2000, 9P2000.u and 9P2000.L, on any number of conversations at once.
///
/// Each conversation has a thread, which reads, answers from memory, and writes. What has to wait
/// for a disk or a decoder goes to a pool that all share. All methods may be called from any
/// thread.
public final class Server: Sendable {
    let tree: any Tree
    let configuration: Configuration
    let pool: Pool
    /// The log, for lines that peers bring about.
    let complaints: Complaints
    let locks = LockTable()
    private let state = Mutex(State())
    /// Woken whenever a conversation or a listener ends.
    private let ended = Condition()

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var listeners: [Listener] = []
        var accepting = 0
        var isDraining = false
        /// The sums over conversations that are over.
        var past = Statistics()
    }

    /// Makes a server of one tree.
    public init(tree: any Tree, configuration: Configuration = Configuration()) {
        self.tree = tree
        self.configuration = configuration
        pool = Pool(limit: max(1, configuration.limits.threads))
        complaints = Complaints(to: configuration.log)
    }

    deinit { pool.stop() }

    /// Takes conversations from an address, in threads of its own.
    ///
    /// Returns the address as it turned out: with the port, when 0 was asked for. Errors: `.busy`
    /// for an address in use, `.permission`, `.invalid`, each with the address in the context.
    @discardableResult
    public func listen(on address: Address) throws(FileError) -> Address {
        switch address {
        case .stdio:
            try start(input: 0, output: 1, peer: .caller, from: address)
            return address
        case .descriptor(let number):
            switch Socket.kind(number) {
            case .closed: throw FileError(.invalid, "\(address): not an open descriptor")
            case .listening: break
            case .connected, .other:
                try start(
                    input: number,
                    output: number,
                    peer: Peer(descriptor: number),
                    from: address
                )
                return address
            }
        default: break
        }
        let listener = try Listener(address)
        state.withLock {
            $0.listeners.append(listener)
            $0.accepting += 1
        }
        do throws(FileError) {
            try Worker.start { [self] in accept(from: listener) }
        } catch {
            endAccepting(listener)
            throw error
        }
        return listener.address
    }

    /// Holds one conversation in this thread, and returns when it is over.
    ///
    /// Reads from `input` and writes to `output`, which may be one socket; closes neither. On a
    /// unix socket the kernel says who the peer is; on pipes it is whoever runs this process.
    public func serve(input: Int32, output: Int32) throws(FileError) {
        let connection = Connection(
            server: self,
            input: input,
            output: output,
            peer: Peer(descriptor: input),
            name: "fd!\(input)"
        )
        try enter(connection)
        Worker.blockSignals()
        connection.run()
        leave(connection)
    }

    /// Returns when no conversation is left and none can come.
    public func wait() {
        ended.lock()
        while state.withLock({ !$0.connections.isEmpty || $0.accepting > 0 }) { ended.wait() }
        ended.unlock()
    }

    /// Ends all conversations in good order.
    ///
    /// No more come in; what has been received is answered, also what waits for a disk, until so
    /// many milliseconds are over. Then conversations are broken off.
    public func drain(within milliseconds: Int = 1000) {
        let deadline = timespec.after(milliseconds: milliseconds)
        let (listeners, connections) = state.withLock { state in
            state.isDraining = true
            defer { state.listeners = [] }
            return (state.listeners, Array(state.connections.values))
        }
        for listener in listeners { listener.stop() }
        for connection in connections { connection.drain(until: deadline) }
        if waitForAll(until: deadline) { return }
        for connection in state.withLock({ Array($0.connections.values) }) { connection.breakOff() }
        _ = waitForAll(until: .after(milliseconds: 100))
    }

    /// What the server has done so far: a line a number, then a line a kind of message with its
    /// count, and the microseconds within which half, 90 and 99 hundredths were answered.
    public var statistics: String { sum().text }

    func sum() -> Statistics {
        let (past, connections) = state.withLock { ($0.past, Array($0.connections.values)) }
        var sum = past
        sum.connections = connections.count
        for connection in connections { connection.add(to: &sum) }
        return sum
    }

    func countMalformed() { state.withLock { $0.past.malformed += 1 } }

    private func waitForAll(until deadline: timespec) -> Bool {
        ended.lock()
        defer { ended.unlock() }
        while state.withLock({ !$0.connections.values.allSatisfy(\.isIdlePipe) }) {
            if !ended.wait(until: deadline) { return false }
        }
        return true
    }

    private func accept(from listener: Listener) {
        while let socket = listener.accept() {
            do throws(FileError) {
                try start(
                    input: socket,
                    output: socket,
                    peer: Peer(descriptor: socket),
                    from: listener.address,
                    closes: true
                )
            } catch {
                complaints.log("\(listener.address): conversation refused: \(error)")
                Connection.refuse(socket, error)
                close(socket)
            }
        }
        endAccepting(listener)
    }

    private func endAccepting(_ listener: Listener) {
        ended.lock()
        state.withLock { state in
            state.accepting -= 1
            state.listeners.removeAll { $0 === listener }
        }
        ended.wake()
        ended.unlock()
    }

    private func start(
        input: Int32,
        output: Int32,
        peer: Peer,
        from address: Address,
        closes: Bool = false
    ) throws(FileError) {
        let connection = Connection(
            server: self,
            input: input,
            output: output,
            peer: peer,
            name: address.description,
            silence: closes ? configuration.limits.silence : nil
        )
        try enter(connection)
        do throws(FileError) {
            try Worker.start { [self] in
                connection.run()
                leave(connection)
                if closes { close(input) }
            }
        } catch {
            leave(connection)
            throw error
        }
    }

    private func enter(_ connection: Connection) throws(FileError) {
        let isFull = state.withLock { state in
            if state.isDraining || state.connections.count >= configuration.limits.connections {
                return true
            }
            state.connections[ObjectIdentifier(connection)] = connection
            state.past.connectionsEver += 1
            return false
        }
        if isFull { throw FileError(.tooManyFiles, "too many conversations") }
    }

    private func leave(_ connection: Connection) {
        ended.lock()
        state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = nil
            connection.addPast(to: &state.past)
        }
        ended.wake()
        ended.unlock()
    }
}
