/// Lends the bytes of strings and arrays to messages.
enum Bytes {
    /// Shows the bytes of `text` to `body`.
    static func with<Answer, Failure: Error>(
        _ text: [UInt8],
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        // Array's own method rethrows untyped; a span has the type.
        try text.span.bytes.withUnsafeBytes(body)
    }

    /// Shows the bytes of `a` and `b` to `body`.
    static func with<Answer, Failure: Error>(
        _ a: String,
        _ b: String,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try with(Array(a.utf8)) { (a) throws(Failure) in
            try with(Array(b.utf8)) { (b) throws(Failure) in try body(a, b) }
        }
    }

    /// Shows the bytes of `a` and `b` to `body`.
    static func with<Answer, Failure: Error>(
        _ a: [UInt8],
        _ b: [UInt8],
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try with(a) { (a) throws(Failure) in
            try with(b) { (b) throws(Failure) in try body(a, b) }
        }
    }
}
