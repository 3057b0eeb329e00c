/// Which of the three versions of the protocol a conversation speaks.
@frozen
public enum Dialect: UInt8, Sendable, Hashable, CaseIterable {
    /// 9P2000, as Plan 9 has it.
    case plain
    /// 9P2000.u: numbers of owners and errors, links and devices, on top of 9P2000.
    case unix
    /// 9P2000.L: Linux's system calls as messages.
    case linux

    /// The version string.
    public var version: StaticString {
        switch self {
        case .plain: "9P2000"
        case .unix: "9P2000.u"
        case .linux: "9P2000.L"
        }
    }

    /// What a server says to a version of which it speaks nothing.
    public static var unknownVersion: StaticString { "unknown" }

    /// The dialect to answer to an offered version; nil for `unknown`.
    ///
    /// One of the three is taken as it is. An unknown suffix is dropped with its period, and then
    /// any number from 2000 up can be answered by 9P2000.
    ///
    /// See version(5).
    public init?(offered version: UnsafeRawBufferPointer) {
        for dialect in Dialect.allCases where version.elementsEqual(dialect.version.bytes) {
            self = dialect
            return
        }
        let word = version.prefix { $0 != UInt8(ascii: ".") }
        guard word.count >= 3, word.count <= 12, word.starts(with: "9P".utf8) else { return nil }
        var number = 0
        for digit in word.dropFirst(2) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        guard number >= 2000 else { return nil }
        self = .plain
    }

    /// The dialect a server has answered; nil when it is none of the three.
    public init?(answered version: UnsafeRawBufferPointer) {
        for dialect in Dialect.allCases where version.elementsEqual(dialect.version.bytes) {
            self = dialect
            return
        }
        return nil
    }

    /// Whether Tauth and Tattach end in a user's number.
    @inlinable public var namesUsersByNumber: Bool { self != .plain }
    /// Whether directory entries, Tcreate and Rerror have 9P2000.u's additional fields.
    @inlinable public var hasUnixFields: Bool { self == .unix }
}

extension StaticString {
    /// The text in UTF-8; a static string lives as long as the program.
    @inlinable
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}

/// Numbers that stand for nothing.
public enum Wire {
    /// The tag of Tversion.
    ///
    /// The corresponding constant is `NOTAG`.
    public static var noTag: UInt16 { @inlinable get { 0xffff } }
    /// In place of an afid: no authentication.
    ///
    /// The corresponding constant is `NOFID`.
    public static var noFid: UInt32 { @inlinable get { 0xffff_ffff } }
    /// In place of a user's number: the name counts.
    ///
    /// The corresponding constant is `P9_NONUNAME`.
    public static var noUser: UInt32 { @inlinable get { 0xffff_ffff } }
    /// Bytes of `size[4] type[1] tag[2]`.
    public static var headerSize: Int { @inlinable get { 7 } }
    /// Bytes of a message around the data of a read or a write, at most.
    ///
    /// The corresponding constant is `IOHDRSZ`.
    public static var ioHeaderSize: Int { @inlinable get { 24 } }
    /// Bytes of `size[4] Rread tag[2] count[4]`, and of Rreaddir's.
    public static var readHeaderSize: Int { @inlinable get { 11 } }
}
