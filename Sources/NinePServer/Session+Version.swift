import FileTree
import NineP
import Synchronization

extension Session {
    /// Answers Tversion, which starts a conversation afresh, or refuses what came before one.
    ///
    /// See version(5).
    mutating func start(_ frame: Frame, _ type: MessageType) throws(FileError) {
        guard type == .tversion else {
            return refuse(frame, FileError(.protocolBotch, "no version agreed on"))
        }
        let request = try Tversion(frame, .plain)
        connection.late.abortAll()
        send()
        end()
        dialect = nil
        let size = min(Int(request.msize), server.configuration.messageSize)
        guard size >= Configuration.smallestMessage else {
            return refuse(frame, FileError(.invalid, "msize \(request.msize) is too small"))
        }
        messageSize = size
        output.reserve(messageSize: size)
        // Whole pages, so that Linux's reads of pages never straddle two messages.
        iounit = size >= 64 << 10 ? UInt32(dataSize / 4096 * 4096) : 0
        dialect = Dialect(offered: request.version)
        let version = dialect?.version ?? Dialect.unknownVersion
        try reply(
            Rversion(msize: UInt32(size), version: version.bytes),
            to: frame,
            .plain
        )
    }

    /// Sees to it that a request's answer is behind us, or never comes.
    ///
    /// See flush(5).
    mutating func flush(_ request: Tflush) throws(FileError) -> Rflush {
        if connection.late.outstanding.load(ordering: .acquiring) > 0 {
            connection.late.flush(request.oldTag)
        }
        return Rflush()
    }
}
