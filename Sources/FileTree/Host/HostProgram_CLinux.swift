import CLinux
import Glibc

/// A program of the host that does something for us.
package enum HostProgram {
    /// How it ended.
    package struct Ending: Sendable {
        /// How, for people: `status 1` or `signal 9`; nil when all is well.
        package let fault: String?
        /// The first line of what it complained of, when that was kept.
        package let complaint: String?
    }

    /// Runs a program found on the path to its end, with its signals as a shell's child has them.
    ///
    /// Its standard input is `input`, or ours; what it complains of is kept, or goes where ours
    /// does. After `seconds` it is killed. Errors: those of exec(2), without context; `.busy` when it
    /// was killed.
    package static func run(
        _ words: [String],
        input: Int32 = -1,
        keepsComplaints: Bool = false,
        within seconds: Int32? = nil
    ) throws(FileError) -> Ending {
        var arguments: [UnsafePointer<CChar>?] = words.map { UnsafePointer(strdup($0)) }
        defer { for word in arguments { free(UnsafeMutablePointer(mutating: word)) } }
        arguments.append(nil)
        var complaints: Int32 = -1
        let process =
            keepsComplaints
            ? pak_spawn(arguments, nil, input, &complaints, 0, -1)
            : pak_spawn(arguments, nil, input, nil, 0, -1)
        guard process >= 0 else { throw FileError(FileError.Kind(number: errno)) }
        var text = [CChar](repeating: 0, count: 4096)
        let word = pak_reap(process, complaints, &text, text.count, seconds ?? -1)
        if word < 0, errno == ETIMEDOUT, let seconds {
            throw FileError(.busy, "not ended after \(seconds) seconds")
        }
        guard word >= 0 else { throw FileError(FileError.Kind(number: errno)) }
        let signal = word & 0x7f
        let fault = signal == 0 ? "status \(word >> 8 & 0xff)" : "signal \(signal)"
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let said = String(decoding: bytes, as: UTF8.self)
        return Ending(
            fault: word == 0 ? nil : fault,
            complaint: said.parts(at: "\n").first.map(String.init)
        )
    }
}
