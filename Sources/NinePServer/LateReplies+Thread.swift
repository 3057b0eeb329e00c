import FileTree
import NineP

extension LateReplies {
    /// Answers what is ready until there will be no more: the second thread.
    func run() {
        var output = Output(descriptor: wire.output, isSocket: wire.isSocket)
        while true {
            monitor.lock()
            while ready.isEmpty, !isOver { monitor.wait() }
            if isOver {
                hasThread = false
                monitor.wake()
                monitor.unlock()
                return
            }
            monitor.unlock()
            sending.lock()
            if let (request, error) = takeReady() {
                respond(request, error, &output)
                monitor.lock()
                finish(request)
                monitor.unlock()
            }
            sending.unlock()
        }
    }

    /// Takes the next request to be answered; it is not live from here on.
    private func takeReady() -> (LateRequest, FileError?)? {
        monitor.lock()
        defer { monitor.unlock() }
        while !ready.isEmpty {
            let request = ready.removeFirst()
            guard case .ready(let error) = request.state else { continue }
            request.state = .over
            live[request.tag] = nil
            return (request, error)
        }
        return nil
    }

    /// Sends the answer to one request.
    private func respond(_ request: LateRequest, _ error: FileError?, _ output: inout Output) {
        output.reserve(messageSize: NineP.Wire.readHeaderSize + request.size)
        var failure = error
        if error == nil {
            do throws(FileError) {
                switch request.answer {
                case .read(let file, let offset, let count):
                    try output.putRead(file, tag: request.tag, offset: offset, count: count)
                case .write(_, let bytes, _):
                    try output.put(
                        Rwrite(count: UInt32(bytes.count)),
                        tag: request.tag,
                        request.dialect
                    )
                case .lock:
                    try output.put(
                        Rlock(status: LockStatus.success.rawValue),
                        tag: request.tag,
                        request.dialect
                    )
                }
            } catch {
                failure = error
            }
        }
        if let failure {
            output.put(failure, tag: request.tag, request.dialect)
            wire.complain(failure)
        }
        if let trace = wire.trace {
            output.withReplies(from: 0) { trace(Session.text(of: $0, request.dialect)) }
        }
        wire.counters.count(request.answer.type.rawValue)
        wire.counters.endBatch(nanoseconds: monotonicNanoseconds() &- request.arrived)
        output.send()
        wire.counters.setCalls(receives: 0, sends: output.calls)
    }
}
