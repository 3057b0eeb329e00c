import FileTree

/// Text that comes from archives and servers, made fit for a terminal.
public enum Visible {
    /// The text with control characters as %XX, so that one line stays one line and no terminal
    /// takes a name for a command.
    public static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                for byte in String(scalar).utf8 { shown += escape(byte) }
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// A byte as %XX.
    public static func escape(_ byte: UInt8) -> String {
        String(decoding: PathText.escape(byte), as: UTF8.self)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
    }
}
