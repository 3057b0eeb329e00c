/// What a foreign package says about itself, in the words of our manifest.
struct ForeignManifest {
    /// The name as the package has it; made legal when the manifest is written.
    var name = ""
    /// The version with its epoch and revision, in the format's own spelling.
    var version = ""
    var arch: String?
    var license: String?
    var summary: String?
    /// The package it was built from.
    var source: String?
    var run: [String] = []
    var provide: [String] = []
    var conflict: [String] = []
    var replace: [String] = []
    /// Maintainer scripts that the package brings, which are never run.
    var scripts: [String] = []
}

/// What a package asks for: a name, and what its version has to be.
enum Requirement {
    /// Writes one as the manifest has it, `NAME`, `NAME>=1.2` and so on.
    ///
    /// A file that is asked for becomes `file:/bin/sh`; kinds with a colon (`so:`, `cmd:`) keep
    /// their spelling, all else becomes a legal name.
    static func text(_ name: some StringProtocol, _ relation: String, _ version: String) -> String {
        let name =
            if name.utf8.first == UInt8(ascii: "/") {
                "file:\(name)"
            } else if name.utf8.contains(UInt8(ascii: ":")) {
                String(name)
            } else {
                PackageName.legal(name)
            }
        return version.isEmpty ? name : "\(name)\(relation)\(version)"
    }

    /// Reads `name`, `name>=1.2`, `name ~ 1.2`, as apk, pacman and Python write them.
    static func parsed(_ text: some StringProtocol) -> String {
        let relations: [Character] = ["<", ">", "=", "~", "!"]
        guard let start = text.firstIndex(where: relations.contains) else {
            return self.text(text.trimmed, "", "")
        }
        let rest = text[start...]
        let end = rest.firstIndex { !relations.contains($0) } ?? rest.endIndex
        let relation =
            switch String(rest[..<end]) {
            case "==", "===": "="
            case "~=", "=~": "~"
            case let other: other
            }
        return self.text(text[..<start].trimmed, relation, String(rest[end...].trimmed))
    }
}

/// What may be the name of a package: `[a-z0-9][a-z0-9+._-]*`.
package enum PackageName {
    /// Whether this may be one.
    package static func isLegal(_ name: some StringProtocol) -> Bool {
        // By bytes that lie side by side: a list of packages has as many names.
        if let answer = name.utf8.withContiguousStorageIfAvailable({ isLegal($0) }) {
            return answer
        }
        return Array(name.utf8).withUnsafeBufferPointer { isLegal($0) }
    }

    private static func isLegal(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = name.first, isLetterOrDigit(first) else { return false }
        for byte in name where !isLetterOrDigit(byte) && !isMark(byte) { return false }
        return true
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// The nearest legal name: capitals become small, what is not allowed a hyphen; `package` for
    /// a name with nothing legal in it.
    static func legal(_ name: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        for byte in name.utf8.prefix(128) {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            let small = isCapital ? byte | 0x20 : byte
            if isLetterOrDigit(small) {
                bytes.append(small)
            } else if !bytes.isEmpty {
                bytes.append(isMark(byte) ? byte : UInt8(ascii: "-"))
            }
        }
        return bytes.isEmpty ? "package" : String(decoding: bytes, as: UTF8.self)
    }
}

extension StringProtocol {
    /// The text without white space at its ends.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
