import ArgumentParser
import FileTree
import NinePClient
import Terminal

/// `pak cat`: the contents of files of a server.
struct Concatenate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write files of a server on standard output."
    )

    @OptionGroup var server: ServerOptions

    @Argument(help: "Paths in the tree.")
    var paths: [String]

    func run() throws {
        let root = try server.attach()
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: root.client.largestData,
            alignment: 16
        )
        defer { buffer.deallocate() }
        try ServedPath.forEach(paths) { path in
            let fid = try ServedPath.walk(path, from: root)
            guard !fid.qid.type.contains(.directory) else { throw FileError(.isDirectory) }
            try fid.open()
            var offset: UInt64 = 0
            while true {
                let count = try fid.read(into: buffer, at: offset)
                if count == 0 { return }
                try Stream.standardOutput.write(
                    UnsafeRawBufferPointer(rebasing: buffer[..<count])
                )
                offset += UInt64(count)
            }
        }
    }
}
