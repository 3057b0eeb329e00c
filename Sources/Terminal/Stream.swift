import FileTree
import Glibc
import Synchronization

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

    /// Whether it is open, and for writing.
    public var isWritable: Bool {
        let flags = fcntl(descriptor, F_GETFL)
        return flags >= 0 && flags & O_ACCMODE != O_RDONLY
    }

    /// Whether a person looks at it.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Writes text; that a result could not be written is known to `check`, and of all else there
    /// is nobody left to tell.
    public func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            do throws(Failure) {
                try write(UnsafeRawBufferPointer(bytes))
            } catch {
                if descriptor == STDOUT_FILENO { Self.lost.store(error.number, ordering: .relaxed) }
            }
        }
    }

    /// The number of the error by which a result was lost; 0 while none was.
    private static let lost = Atomic<Int32>(0)

    /// Throws if text written before was lost on its way to standard output.
    public func check() throws(Failure) {
        let number = Self.lost.load(ordering: .relaxed)
        if number != 0 { throw Failure(number: number) }
    }

    /// Writes all bytes.
    ///
    /// Errors: those of write(2).
    public func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        let number = HostWrite.number(writing: bytes, to: descriptor)
        if number != 0 { throw Failure(number: number) }
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
