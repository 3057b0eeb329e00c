public import FileTree

/// A tree of another server, as the command line spells it: `9p!ADDRESS[!ANAME]`.
///
/// `ADDRESS` is what `Conversation.dial` takes, with its kind in front: `tcp!HOST!PORT`,
/// `unix!PATH`, `vsock!CID!PORT` or `fd!N`. A path with a `!` in it has to have one behind it, too.
public struct RemoteAddress: Sendable, Hashable, CustomStringConvertible {
    /// Where the server is.
    public let address: String
    /// Which of its trees.
    public let aname: String

    /// Whether a text is meant as such an address, right or wrong.
    public static func isMeant(by text: String) -> Bool { text.utf8.starts(with: "9p!".utf8) }

    /// Reads the text of an address.
    ///
    /// Errors: `.invalid`, with what is wrong as context.
    public init(_ text: String) throws(FileError) {
        var words = text.parts(at: "!", omittingEmptySubsequences: false)[...]
        func wrong(_ why: String) -> FileError { FileError(.invalid, why) }
        guard words.popFirst() == "9p", let kind = words.first else {
            throw wrong("not 9p!ADDRESS[!ANAME]")
        }
        let count: Int
        switch kind {
        case "tcp", "vsock": count = min(3, words.count)
        case "fd": count = 2
        case "unix": count = max(2, words.count - 1)
        default: throw wrong("not tcp!HOST!PORT, unix!PATH, vsock!CID!PORT or fd!N behind 9p!")
        }
        guard words.count >= count, words.dropFirst().first?.isEmpty == false else {
            throw wrong("\(kind)! is followed by nothing")
        }
        address = words.prefix(count).joined(separator: "!")
        aname = words.dropFirst(count).joined(separator: "!")
    }

    /// The text, as it would be written on the command line.
    public var description: String { "9p!\(address)" + (aname.isEmpty ? "" : "!\(aname)") }
}
