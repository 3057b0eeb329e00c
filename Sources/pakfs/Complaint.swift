import FileTree
import Glibc

/// What is told to the user when pakfs cannot go on: one line, and what would help.
struct Complaint: Error {
    var text: String
    var cure: String?

    /// Makes a complaint: what failed, why, and a command or option that would help.
    init(_ text: String, try cure: String? = nil) {
        self.text = text
        self.cure = cure
    }

    /// Makes a complaint of an error, with `what` in front when the error's context lacks it.
    init(_ what: String, _ error: FileError, try cure: String? = nil) {
        let told = error.context?.contains(what) == true ? error : error.at(what)
        self.init(told.description, try: cure)
    }

    /// Prints it on standard error.
    func print() {
        Complaint.write("pakfs: \(text)\n")
        if let cure { Complaint.write("try: \(cure)\n") }
    }

    /// Writes text on standard error, all of it or as much as that takes.
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
