import FileTree
import Glibc
import Terminal

/// A program that a build system wants to be run when a layer is sealed.
struct Hook {
    /// The program: a path, or a name to be looked for in PATH.
    var program: String

    /// Runs it with the layer's name as its argument and the lines on its standard input, and
    /// waits for its end.
    func run(_ layer: String, _ lines: [[UInt8]]) throws(Complaint) {
        // A file, so that a program that reads none of it keeps nobody waiting.
        guard let file = tmpfile() else { throw complaint(errno) }
        defer { fclose(file) }
        let input = fileno(file)
        let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
        let number = bytes.withUnsafeBytes { HostWrite.number(writing: $0, to: input) }
        guard number == 0 else { throw complaint(number) }
        lseek(input, 0, SEEK_SET)
        let ending: HostProgram.Ending
        do throws(FileError) {
            ending = try HostProgram.run([program, layer], input: input)
        } catch {
            throw complaint(Int32(error.kind.number))
        }
        if let fault = ending.fault {
            throw Complaint("--hook \(program): it ended with \(fault); the layer is sealed")
        }
    }

    private func complaint(_ number: Int32) -> Complaint {
        Complaint("--hook \(program): \(String(cString: strerror(number)))")
    }
}
