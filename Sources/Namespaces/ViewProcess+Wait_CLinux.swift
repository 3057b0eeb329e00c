import CLinux
import Glibc

extension ViewProcess {
    /// Hears what the keeper says until the command has ended.
    func listen() -> Ending {
        guard Foreground.isTaken else {
            while let heard = ViewProcess.hear(socket) {
                if let ended = ViewProcess.ending(heard.packet) { return ended }
            }
            return .lost
        }
        var set = Foreground.passedSet()
        let signals = pak_signal_descriptor(&set)
        defer { if signals >= 0 { close(signals) } }
        var job = Job(keeper: keeper, socket: socket, signals: signals)
        // What came while the view was made came to this process alone.
        job.passSignals(all: true)
        var ready = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&ready, 2, -1) >= 0 else { continue }
            if ready[1].revents != 0 { job.passSignals() }
            // All there is to hear at once: a stop may be over by now.
            while ready[0].revents != 0 {
                guard let heard = ViewProcess.hear(socket) else { return .lost }
                if let ended = ViewProcess.ending(heard.packet) {
                    // What has come by now was the command's, which may have ended by it.
                    job.passSignals()
                    return ended
                }
                job.hear(heard.packet)
                if poll(&ready, 1, 0) <= 0 { break }
            }
            job.stopWithCommand()
        }
    }

    private static func ending(_ packet: pak_saying_packet) -> Ending? {
        guard pak_saying(rawValue: UInt32(bitPattern: packet.saying)) == PAK_SAY_ENDED else {
            return nil
        }
        let signal = packet.number & 0x7f
        return signal == 0 ? .exited(packet.number >> 8 & 0xff) : .signalled(signal)
    }

    // MARK: The socket

    static func say(
        _ saying: pak_saying,
        _ number: Int32 = 0,
        at: Int32 = 0,
        on socket: Int32
    ) {
        var packet = pak_saying_packet(
            saying: Int32(bitPattern: saying.rawValue),
            at: at,
            number: number
        )
        // A keeper that is gone needs no telling.
        _ = Glibc.send(
            socket,
            &packet,
            MemoryLayout<pak_saying_packet>.size,
            Int32(MSG_NOSIGNAL)
        )
    }

    /// The next packet, and the descriptor with it or -1; nil when the keeper is gone.
    static func hear(_ socket: Int32) -> (packet: pak_saying_packet, descriptor: Int32)? {
        var packet = pak_saying_packet()
        var descriptor: Int32 = -1
        let size = MemoryLayout<pak_saying_packet>.size
        guard pak_view_receive(socket, &packet, size, &descriptor) == size else { return nil }
        return (packet, descriptor)
    }

    static func hangUp(_ socket: Int32) { close(socket) }

    static func reap(_ keeper: Int32) {
        while waitpid(keeper, nil, 0) < 0, errno == EINTR {}
    }
}
