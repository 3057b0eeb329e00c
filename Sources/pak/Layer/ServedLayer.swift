import CaptureTree
import FileTree
import NinePClient
import Terminal

/// A layer that a running server holds, by way of its control files.
struct ServedLayer: LayerAnswers {
    private let address: String
    private let name: String
    private let control: ServedControl

    /// Finds the control files of the layer `name`.
    init(_ address: String, _ name: String) throws(Complaint) {
        self.address = address
        self.name = name
        let root = try ServerOptions.attach(to: address, "ctl")
        do throws(FileError) {
            control = ServedControl(
                folder: try root.walk(["capture", name].map { Array($0.utf8) })
            )
        } catch {
            let cure = "pak ls -a '\(address)' -A ctl capture, which only its owner sees"
            throw Complaint("\(address): layer \(name)", error, try: cure)
        }
    }

    func changeLines() throws(Complaint) -> [[UInt8]] { try lines("changes") }
    func readLines() throws(Complaint) -> [[UInt8]] { try lines("reads") }
    func seal() throws(Complaint) { try say("seal") }

    func add(_ rules: Rules) throws(Complaint) {
        for rule in rules.list { try say("rule " + String(decoding: rule.line, as: UTF8.self)) }
    }

    /// Writes a word to the layer's control file.
    func say(_ word: String) throws(Complaint) {
        do throws(FileError) { try control.say(word) } catch {
            throw Complaint("layer \(name): \(control.refusal?.first ?? "\(word): \(error)")")
        }
    }

    /// The lines of a file.
    private func lines(_ file: String) throws(Complaint) -> [[UInt8]] {
        do throws(FileError) { return try control.lines(file) } catch {
            throw Complaint("layer \(name): \(file)", error)
        }
    }

    /// Copies a file that was exported to a descriptor; `show` is told how far that is.
    func copy(
        _ export: String,
        to descriptor: Int32,
        _ show: (UInt64, UInt64) -> Void
    ) throws(Complaint) {
        do throws(FileError) {
            let fid = try control.folder.walk(["export", export].map { Array($0.utf8) })
            let total = try fid.stat().stat.size
            try fid.open()
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: fid.client.largestData,
                alignment: 16
            )
            defer { buffer.deallocate() }
            var offset: UInt64 = 0
            while true {
                let count = try fid.read(into: buffer, at: offset)
                if count == 0 { break }
                do throws(Stream.Failure) {
                    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    try Stream(descriptor: descriptor).write(bytes)
                } catch {
                    throw FileError(FileError.Kind(number: error.number))
                }
                offset += UInt64(count)
                show(offset, total)
            }
            guard offset == total else {
                throw FileError(.inputOutput, "\(offset) of \(total) bytes")
            }
        } catch {
            throw Complaint("layer \(name): export/\(export)", error)
        }
    }
}
