import FileTree
import NineP

extension Session {
    /// Bytes of a file's data that are shown.
    private static var shown: Int { 64 }

    /// A message in 9pcon(8)'s form.
    static func text(of frame: Frame, _ dialect: Dialect) -> String {
        MessageText.line(frame, dialect, dataLimit: shown)
    }

    /// The reply at the front of some bytes in 9pcon(8)'s form; of one whose data are sent from
    /// where they lie, the head.
    static func text(of bytes: UnsafeRawBufferPointer, _ dialect: Dialect) -> String {
        do throws(FileError) {
            if let frame = try Frame.first(in: bytes, limit: .max) {
                return text(of: frame, dialect)
            }
        } catch {
            return "\(error)"
        }
        let tag = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt16.self))
        let count = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 7, as: UInt32.self))
        return "Rread tag \(tag) count \(count) ..."
    }
}
