package import CaptureTree
import FileTree
package import Terminal

/// How layers are kept, as the command line says it.
package struct LayerSettings: Sendable {
    /// When a change is on the disk.
    package var sync = LayerSync.end
    /// How much a layer may hold.
    package var limits = LayerLimits()
    /// Bytes of memory for what rules call scratch.
    package var scratch: UInt64 = 256 << 20
    /// Rules that a new layer begins with, behind the usual ones.
    package var rules = Rules()

    package init() {}

    /// Takes one `-o` of the command line; false when it is not about layers.
    package mutating func take(option: String) throws(Complaint) -> Bool {
        let parts = option.parts(at: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let value = String(parts[1])
        switch parts[0] {
        case "sync":
            guard let sync = LayerSync(rawValue: value) else {
                throw Self.complaint(option, "none, op or end is needed", "-o sync=op")
            }
            self.sync = sync
        case "bytes": limits.bytes = try Self.size(value, option)
        case "largest": limits.longestFile = try Self.size(value, option)
        case "scratch": scratch = try Self.size(value, option)
        case "inodes":
            guard let count = Int(value), count > 0, value.first != "+" else {
                throw Self.complaint(option, "a number is needed", "-o inodes=100000")
            }
            limits.objects = count
        case "rules": rules = try Self.rules(from: value)
        default: return false
        }
        return true
    }

    /// Reads a file of rules.
    package static func rules(from path: String) throws(Complaint) -> Rules {
        do throws(FileError) {
            return try Rules(text: TextFile.read(path))
        } catch {
            throw Complaint(path, error, try: "man 6 pak.layer")
        }
    }

    /// Bytes, with K, M, G or T behind them for so many times 1024, small letters too; nil for what is
    /// no size.
    package static func size(_ text: String) -> UInt64? {
        var digits = text[...]
        var shift: UInt64 = 0
        if let last = text.utf8.last, let place = Array("kmgt".utf8).firstIndex(of: last | 0x20) {
            shift = 10 * UInt64(place + 1)
            digits = digits.dropLast()
        }
        guard let number = UInt64(digits), digits.first != "+" else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow || size > UInt64(Int64.max) ? nil : size
    }

    private static func size(_ text: String, _ option: String) throws(Complaint) -> UInt64 {
        guard let size = size(text) else {
            let word = option.parts(at: "=").first ?? ""
            throw complaint(option, "a size is needed", "-o \(word)=2G")
        }
        return size
    }

    private static func complaint(_ option: String, _ why: String, _ cure: String) -> Complaint {
        Complaint("-o \(option): \(why)", try: cure, status: 2)
    }
}
