public import FileTree

/// The native package: the canonical tar in compressed frames, with its index.
public struct PackageOutput: StreamFormat {
    /// `pak`.
    public var name: String { "pak" }
    /// `pak.zst`.
    public var suffix: String { "pak.zst" }

    private let old: Package?

    /// Makes the format; what a package has in common with `old`, a former version of it, is
    /// copied and not compressed again.
    public init(reusing old: Package? = nil) { self.old = old }

    /// Writes a package; nothing is lost.
    public func write(
        _ draft: Draft,
        to descriptor: Int32,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        let compressor = FrameCompressor(level: options.level, workers: 2, descriptor: descriptor)
        var sink: any FrameSink = compressor
        if let framed = old?.contents as? FramedContents {
            sink = try FrameReuse(compressor, old: framed)
        }
        var writer = try PackageWriter(
            sink: sink,
            descriptor: descriptor,
            manifest: draft.manifest
        )
        try draft.append(to: &writer)
        return OutputReport(id: try writer.finish())
    }
}

/// The canonical tar as it is in the native package, not compressed.
public struct TarOutput: StreamFormat {
    /// `tar`.
    public var name: String { "tar" }
    /// `tar`.
    public var suffix: String { "tar" }

    /// Makes the format.
    public init() {}

    /// Writes a tar; nothing is lost.
    public func write(
        _ draft: Draft,
        to descriptor: Int32,
        _ options: OutputOptions
    ) throws(FileError) -> OutputReport {
        var writer = try PackageWriter(
            sink: PlainSink(descriptor),
            descriptor: descriptor,
            manifest: draft.manifest
        )
        try draft.append(to: &writer)
        return OutputReport(id: try writer.finishIndex().0)
    }
}

extension Draft {
    func append(to writer: inout PackageWriter) throws(FileError) {
        let buffer = CopyBuffer()
        for (number, member) in members.enumerated() {
            try writer.append(member)
            guard member.type == .regular, member.hardLink == nil else { continue }
            try show(number, by: buffer.bytes) { bytes throws(FileError) in
                try writer.write(bytes)
            }
        }
    }
}

/// Writes the frames of a tar as they are.
final class PlainSink: FrameSink {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func take(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try HostWrite.all(bytes, to: descriptor)
    }

    func finish() throws(FileError) -> [FramePlace] { [] }
}
