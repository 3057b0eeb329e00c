package import FileTree
import Glibc

/// What `SOURCE_DATE_EPOCH` of the process's environment says.
package enum SourceDate {
    /// The time, in seconds since 1970, that no file may be later than; nil where nothing is said.
    ///
    /// Errors: `.invalid` for what is no time.
    package static func latest() throws(FileError) -> Int64? {
        guard let value = getenv("SOURCE_DATE_EPOCH"), value.pointee != 0 else { return nil }
        let text = String(cString: value)
        guard let seconds = Int64(text), (0..<1 << 33).contains(seconds) else {
            throw FileError(.invalid, "SOURCE_DATE_EPOCH: \(text): not a time in seconds")
        }
        return seconds
    }
}
