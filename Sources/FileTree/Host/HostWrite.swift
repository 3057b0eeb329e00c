import Glibc

/// Writing to a descriptor of the host.
package enum HostWrite {
    /// Writes all bytes where the descriptor stands.
    ///
    /// Errors: `.noSpace` and what else write(2) has.
    package static func all(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: Int32
    ) throws(FileError) {
        let number = number(writing: bytes, to: descriptor)
        if number != 0 { throw FileError(FileError.Kind(number: number), "write") }
    }

    /// Writes all bytes where the descriptor stands; returns 0, or the number of the error.
    package static func number(
        writing bytes: UnsafeRawBufferPointer,
        to descriptor: Int32
    ) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return 0
    }
}
