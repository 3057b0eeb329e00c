import FileTree
import Glibc

/// A descriptor that a command writes text or bytes to.
public struct Stream: Sendable {
    /// The descriptor, which stays its owner's.
    public let descriptor: Int32

    /// Where results go.
    public static let standardOutput = Stream(descriptor: STDOUT_FILENO)
    /// Where all else goes.
    public static let standardError = Stream(descriptor: STDERR_FILENO)

    /// Makes a stream of an open descriptor.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Whether a person looks at it.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Writes text; what cannot be written is lost, for there is nobody left to tell.
    public func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // The reason is above.
            try? write(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Writes all bytes.
    ///
    /// Errors: those of write(2).
    public func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(number: errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// That a write failed, and how.
    public struct Failure: Error {
        /// The number of the error.
        public var number: Int32
        /// Whether nobody reads any more, which is no fault of a command's.
        public var isBrokenPipe: Bool { number == EPIPE }
        /// What is told to the user.
        public var reason: String { String(cString: strerror(number)) }
    }
}
