extension FileError.Kind {
    /// What a plain 9P2000 client is told: an entry of the table by which Linux's v9fs maps text
    /// to a number (whole strings only), at most 128 bytes.
    public var text: StaticString { row.text }

    /// What 9P2000.u, 9P2000.L and FUSE clients are told: a number of Linux, whatever the host.
    public var number: UInt32 { row.number }

    /// The kind that stands for a number of the host.
    ///
    /// Kinds that share a number are told apart by their place in the table: the first counts.
    public init(number: Int32) {
        let number = UInt32(max(0, number))
        self = FileError.Kind.allCases.first { $0.number == number } ?? .inputOutput
    }

    private var row: (text: StaticString, number: UInt32) {
        switch self {
        case .notFound: ("file does not exist", 2)
        case .permission: ("permission denied", 13)
        case .notPermitted: ("Operation not permitted", 1)
        case .exists: ("file already exists", 17)
        case .notDirectory: ("not a directory", 20)
        case .isDirectory: ("Is a directory", 21)
        case .notEmpty: ("directory is not empty", 39)
        case .readOnly: ("read only file system", 30)
        case .unknownFid: ("fid unknown or out of range", 9)
        case .fidInUse: ("fid already in use", 9)
        case .badDirectoryOffset: ("bad offset in directory read", 29)
        case .inputOutput: ("i/o error", 5)
        case .malformed: ("corrupted file entry", 5)
        case .noSpace: ("file system is full", 28)
        case .quota: ("Disk quota exceeded", 122)
        case .wstatProhibited: ("wstat prohibited", 1)
        case .protocolBotch: ("protocol botch", 71)
        case .invalid: ("Invalid argument", 22)
        case .illegalName: ("illegal name", 22)
        case .unsupported: ("Operation not supported", 95)
        case .noAttribute: ("No data available", 61)
        case .range: ("Numerical result out of range", 34)
        case .tooManyLinks: ("Too many levels of symbolic links", 40)
        case .nameTooLong: ("File name too long", 36)
        case .tooBig: ("File too large", 27)
        case .crossDevice: ("Invalid cross-device link", 18)
        case .tooManyFiles: ("Too many open files", 24)
        case .busy: ("Device or resource busy", 16)
        case .again: ("Resource temporarily unavailable", 11)
        case .interrupted: ("Interrupted system call", 4)
        case .noMemory: ("Cannot allocate memory", 12)
        case .conflict: ("file already exists", 17)
        }
    }
}

extension FileError: CustomStringConvertible {
    /// One line for people: the context, then the kind's text.
    public var description: String {
        context.map { "\($0): \(kind.text)" } ?? "\(kind.text)"
    }
}
