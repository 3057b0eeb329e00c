public import FileTree

extension Layer {
    /// Copies a layer's folder to a new one; nobody changes the layer meanwhile.
    ///
    /// Errors: `.busy` where changes that were not kept are still to be taken back.
    public static func copy(folder path: String, to new: String) throws(FileError) {
        let old = try LayerFolder(reading: path, unlocked: true)
        let calls = old.calls
        guard try old.asides().isEmpty else { throw FileError(.busy, path) }
        try calls.makeFolder(path: new)
        let folder = try calls.openFolder(path: new)
        for name in [LayerFolder.logName, LayerFolder.baseName]
        where try calls.status(name, in: old.folder) != nil {
            try copy(name, of: old.folder, to: folder, calls)
        }
        guard let data = old.data else { return }
        try calls.makeFolder(LayerFolder.dataName, in: folder)
        let newData = try calls.openFolder(LayerFolder.dataName, in: folder)
        for name in try calls.names(in: data) where Serial(fileName: name) != nil {
            try copy(String(decoding: name, as: UTF8.self), of: data, to: newData, calls)
        }
    }

    /// Copies a file with its holes, and the time of its last write, which is part of the layer.
    private static func copy(
        _ name: String,
        of folder: HostDescriptor,
        to other: HostDescriptor,
        _ calls: HostCalls
    ) throws(FileError) {
        let (from, to) = (
            try calls.open(name, in: folder, writable: false), try calls.make(name, in: other)
        )
        let figures = try calls.status(from)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        defer { room.deallocate() }
        var offset: UInt64 = 0
        while case let count = try calls.read(from, into: room, at: offset), count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
            if bytes.contains(where: { $0 != 0 }) { try calls.write(to, bytes, at: offset) }
            offset += UInt64(count)
        }
        try calls.resize(to, to: figures.size)
        try calls.setModified(to, figures.modified)
    }
}
