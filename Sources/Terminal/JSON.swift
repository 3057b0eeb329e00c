/// Values that are printed as JSON, members in the order given.
public indirect enum JSON: Sendable {
    /// Text.
    case text(String)
    /// A number without a fraction.
    case number(Int64)
    /// A number that may be large.
    case size(UInt64)
    /// True or false.
    case truth(Bool)
    /// Nothing.
    case null
    /// Values in order.
    case list([JSON])
    /// Names and values.
    case object([(String, JSON)])

    /// The member that names a file: `name` when its bytes are UTF-8, else `hex`.
    public static func name(_ bytes: some Collection<UInt8>) -> (String, JSON) {
        if let text = String(validating: bytes, as: UTF8.self) { return ("name", .text(text)) }
        let digits = bytes.map { Visible.escape($0).dropFirst() }
        return ("hex", .text(digits.joined().lowercased()))
    }

    /// The value on one line.
    public var line: String {
        switch self {
        case .text(let text): Self.quote(text)
        case .number(let number): "\(number)"
        case .size(let size): "\(size)"
        case .truth(let truth): truth ? "true" : "false"
        case .null: "null"
        case .list(let values): "[" + values.map(\.line).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quote($0) + ":" + $1.line }.joined(separator: ",") + "}"
        }
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                quoted += "\\u00" + Visible.escape(UInt8(scalar.value)).dropFirst().lowercased()
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
