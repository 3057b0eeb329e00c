import FileTree
import Glibc
import Synchronization

/// The threads that read requests, each with a buffer of its own.
///
/// Their number is fixed, but for those that start while others wait for bytes to be at hand.
///
/// Where there are as many processors each has its own, and a request wakes all: who asks sleeps then,
/// and the one on his processor runs in his place, while another leaves alone who runs on its own. The
/// kernel by itself wakes the one that waits longest, mostly on the other processor, which takes twice
/// as long and, while a compiler runs there, its turn.
final class Readers: Sendable {
    private struct State {
        var workers: [Worker] = []
        var running = 0
        var waiting = 0
        /// Of them, those that wait for what further requests bring.
        var settling = 0
        var failure: FileError?
    }

    /// More threads than this never are.
    private static var limit: Int { 32 }

    private let conversation: Conversation
    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ conversation: Conversation, _ descriptor: Int32) {
        self.conversation = conversation
        self.descriptor = descriptor
    }

    /// Serves, on this thread too, until there is nothing more to read.
    ///
    /// The others are started once more is asked for than the root's attributes: whoever waits for
    /// the mount waits for no thread, and all that may take long has a second. Errors: `.inputOutput` when reading fails.
    func run() throws(FileError) {
        Worker.blockBrokenPipe()
        state.withLock { $0.running += 1 }
        serve(isFirst: true, on: nil)
        // Whoever starts another does so before it ends.
        while let worker = state.withLock({ $0.workers.popLast() }) { worker.join() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Whether a request is one of those that come when a mount is waited for.
    private static func isFirstLook(_ request: UnsafeRawBufferPointer) -> Bool {
        guard request.count >= 8 else { return true }
        switch Opcode(rawValue: request.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) {
        case .initialize, .getattr, .statfs: return true
        default: return false
        }
    }

    /// Starts the others; the processor that is this thread's own then, if there is one.
    private func startOthers() -> Int? {
        let count = max(1, min(conversation.options.threads, Self.limit))
        let isEnough = count > 1 && count == Worker.processorCount
        for number in 1..<count {
            do throws(FileError) { try start(on: isEnough ? number : nil) } catch {
                conversation.options.log("fewer threads: \(error)")
                return nil
            }
        }
        return isEnough ? 0 : nil
    }

    private func start(on processor: Int? = nil) throws(FileError) {
        state.withLock { $0.running += 1 }
        do throws(FileError) {
            let worker = try Worker { self.serve(isFirst: false, on: processor) }
            state.withLock { $0.workers.append(worker) }
        } catch {
            state.withLock { $0.running -= 1 }
            throw error
        }
    }

    private func stay(on processor: Int?, _ descriptor: Int32) -> Bool {
        guard let processor, Worker.stay(onProcessor: processor) else { return false }
        return Device.wakeTogether(descriptor)
    }

    private func serve(isFirst: Bool, on processor: Int?) {
        let own = isFirst ? nil : Device.clone(descriptor)
        var isShared = stay(on: processor, own ?? descriptor)
        let place = Place(descriptor: own ?? descriptor, readers: self)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Conversation.mostRequest,
            alignment: 4096
        )
        var reply = Reply(capacity: Conversation.mostData + 4096)
        var isAlone = isFirst
        var kept: Int?
        loop: while true {
            switch Device.read(place.descriptor, into: buffer, isShared: isShared) {
            case .request(let count):
                let request = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if isAlone, !Self.isFirstLook(request) {
                    kept = startOthers()
                    isShared = stay(on: kept, descriptor)
                    isAlone = false
                }
                if conversation.answer(request, &reply, place) { send(&reply, request, place) }
            case .none: continue
            case .end: break loop
            case .failed(let number):
                let why = FileError(.inputOutput, String(cString: strerror(number)))
                state.withLock { $0.failure = why.at("the kernel's requests cannot be read") }
                break loop
            }
        }
        conversation.waiting.interruptAll()
        if kept != nil { _ = Worker.stay(onProcessor: nil) }
        buffer.deallocate()
        if let own { close(own) }
    }

    private func send(_ reply: inout Reply, _ request: UnsafeRawBufferPointer, _ place: Place) {
        let number = reply.send(to: place.descriptor)
        // ENOENT: given up meanwhile; the others: nothing is mounted any more.
        if number == 0 || [ENOENT, ENODEV, ECONNABORTED, ENOTCONN, EPIPE].contains(number) {
            return
        }
        let opcode = request.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        conversation.options.log(
            "answer to request \(opcode): \(String(cString: strerror(number)))"
        )
        // One that never comes would be waited for.
        reply.finish(request.loadUnaligned(fromByteOffset: 8, as: UInt64.self), error: EIO)
        _ = reply.send(to: place.descriptor)
    }

    /// Says that a thread waits for bytes; another takes its place if it was the last.
    fileprivate func beginWait() {
        let isNeeded = state.withLock { state in
            state.waiting += 1
            return state.waiting == state.running && state.running < Self.limit
        }
        guard isNeeded else { return }
        do throws(FileError) { try start() } catch {
            conversation.options.log("requests wait for each other: \(error)")
        }
    }

    fileprivate func endWait() { state.withLock { $0.waiting -= 1 } }

    fileprivate func beginSettling() -> Bool {
        beginWait()
        let mayWait = state.withLock { state in
            // The others' waits end by themselves.
            guard state.settling + 1 < state.running else { return false }
            state.settling += 1
            return true
        }
        if !mayWait { endWait() }
        return mayWait
    }

    fileprivate func endSettling() {
        state.withLock { $0.settling -= 1 }
        endWait()
    }
}

/// Where a request came from, and so where its answer goes.
struct Place {
    let descriptor: Int32
    fileprivate let readers: Readers?

    fileprivate init(descriptor: Int32, readers: Readers) {
        self.descriptor = descriptor
        self.readers = readers
    }

    /// A place of one thread alone.
    init() {
        descriptor = -1
        readers = nil
    }

    func beginWait() { readers?.beginWait() }
    func endWait() { readers?.endWait() }

    /// Says that this thread is going to wait for what further requests bring; false, and nothing
    /// said, when no other thread might be left to take them.
    func beginSettling() -> Bool { readers?.beginSettling() ?? false }
    func endSettling() { readers?.endSettling() }
}
