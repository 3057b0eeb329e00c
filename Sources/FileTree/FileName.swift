/// What may be the name of a file: one component of a path.
public enum FileName {
    /// The longest, in bytes, as Linux has it.
    public static var limit: Int { @inlinable get { 255 } }

    /// Whether a name is 1 to 255 bytes, none of them `/` or NUL, and neither `.` nor `..`.
    @inlinable
    public static func isLegal(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count >= 1, name.count <= limit else { return false }
        if name[0] == UInt8(ascii: "."), name.count == 1 || isDotDot(name) { return false }
        var position = 0
        while position < name.count {
            if name[position] == UInt8(ascii: "/") || name[position] == 0 { return false }
            position += 1
        }
        return true
    }

    /// Makes sure that a name is legal.
    ///
    /// Errors: `.nameTooLong`, `.illegalName` for all else.
    @inlinable
    public static func check(_ name: UnsafeRawBufferPointer) throws(FileError) {
        guard !isLegal(name) else { return }
        throw FileError(name.count > limit ? .nameTooLong : .illegalName)
    }

    /// Whether it is `..`, the way up.
    @inlinable
    public static func isDotDot(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == 2 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: ".")
    }
}
