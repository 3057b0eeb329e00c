public import FileTree

/// Messages as lines of text, as 9pcon(8) and fcall(2) write them: for `-D` and for transcripts.
///
///     Twalk tag 1 fid 0 newfid 1 nwname 2 0:usr 1:bin
///     Rattach tag 1 qid (0000000000000001 7 d)
///
/// Strings stand in single quotes where they have to; in quotes `''` is a quote and `\xNN` a byte
/// that cannot be printed. A line that can be printed in full can be read back.
public enum MessageText {
    /// The line of the message in `frame`, without its end.
    ///
    /// Only the first `dataLimit` bytes of a file's data are shown, with `...` behind them.
    public static func line(
        _ frame: Frame,
        _ dialect: Dialect,
        dataLimit: Int = .max
    ) -> String {
        guard let type = frame.type else {
            return "unknown type \(frame.typeByte) tag \(frame.tag) size \(frame.size)"
        }
        return line(type.message, frame, dialect, dataLimit)
    }

    private static func line<M: Message>(
        _: M.Type,
        _ frame: Frame,
        _ dialect: Dialect,
        _ dataLimit: Int
    ) -> String {
        var printer = TextPrinter(dialect, dataLimit: dataLimit)
        printer.put("\(name(M.type)) tag \(frame.tag)")
        do throws(FileError) {
            var message = try M(frame, dialect)
            try message.visit(&printer)
        } catch {
            return "\(name(M.type)) tag \(frame.tag) size \(frame.size): \(error)"
        }
        return printer.line
    }

    /// The message that a line stands for.
    ///
    /// A line is in the form above if its second word is `tag`; else it is as people type it into
    /// 9pcon, the fields alone (`Twalk 0 1 usr bin`), and the tag is `tag`, or none in a Tversion.
    ///
    /// Errors: `.malformed` with the field that is missing or makes no sense.
    public static func message(
        _ line: String,
        tag: UInt16,
        _ dialect: Dialect
    ) throws(FileError) -> [UInt8] {
        var words = try TextWords(line)
        guard let first = words.next(),
            let type = MessageType.allCases.first(where: { name($0).utf8.elementsEqual(first) })
        else { throw .malformed("no message: \(line)") }
        var parser = TextParser(words, dialect)
        try parser.begin(type, tag: type == .tversion ? Wire.noTag : tag)
        try parse(type.message, &parser)
        return try parser.finish()
    }

    private static func parse<M: Message>(
        _: M.Type,
        _ parser: inout TextParser
    ) throws(FileError) {
        var message = M()
        try message.visit(&parser)
    }

    /// The name of a type as the manual writes it.
    public static func name(_ type: MessageType) -> String {
        let name = "\(type)"
        return name.prefix(1).uppercased() + name.dropFirst()
    }
}
