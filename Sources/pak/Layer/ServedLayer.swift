import CaptureTree
import FileTree
import NinePClient
import Terminal

/// A layer that a running server holds, by way of its control files.
struct ServedLayer: LayerAnswers {
    private let address: String
    private let name: String
    private let folder: Fid

    /// Finds the control files of the layer `name`.
    init(_ address: String, _ name: String) throws(Complaint) {
        self.address = address
        self.name = name
        let root = try ServerOptions.attach(to: address, "ctl")
        do throws(FileError) {
            folder = try root.walk(["capture", name].map { Array($0.utf8) })
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
        do throws(FileError) {
            let file = try folder.walk([Array("ctl".utf8)])
            try file.open(.write)
            try file.write(Array(word.utf8), at: 0)
        } catch {
            throw Complaint("layer \(name): \(reason ?? "\(word): \(error)")")
        }
    }

    /// Why the last word was refused, which the control file says when it is read.
    private var reason: String? {
        // Without it the error that the word met is told by itself.
        guard let lines = try? lines("ctl") else { return nil }
        let prefix = "error: "
        let line = lines.map { String(decoding: $0, as: UTF8.self) }.first { $0.hasPrefix(prefix) }
        return line.map { String($0.dropFirst(prefix.count)) }
    }

    /// The lines of a file.
    private func lines(_ file: String) throws(Complaint) -> [[UInt8]] {
        do throws(FileError) {
            let fid = try folder.walk([Array(file.utf8)])
            try fid.open()
            return try fid.readAll().split(separator: UInt8(ascii: "\n")).map(Array.init)
        } catch {
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
            let fid = try folder.walk(["export", export].map { Array($0.utf8) })
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
