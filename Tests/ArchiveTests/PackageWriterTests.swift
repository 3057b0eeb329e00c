import Archive
import FileTree
import Glibc
import Testing

/// Writes a package of these files, sorted; returns its identity.
@discardableResult
func writePackage(
    _ scratch: Scratch,
    _ name: String,
    _ files: [TestFile],
    manifest: Manifest = Manifest(),
    level: Int32 = 3,
    piece: Int = 50_000
) throws -> ContentID {
    let descriptor = scratch.create(name)
    defer { close(descriptor) }
    var writer = try PackageWriter(to: descriptor, manifest: manifest, level: level)
    for file in files.sorted(by: { MemberPath.precedes($0.member.path, $1.member.path) }) {
        try writer.append(file.member)
        var at = 0
        while at < file.bytes.count {
            let end = min(file.bytes.count, at + piece)
            try file.bytes[at..<end].withUnsafeBytes { try writer.write($0) }
            at = end
        }
    }
    return try writer.finish()
}

@Suite struct PackageWriterTests {
    static let sample: [TestFile] = [
        .directory("usr"), .directory("usr/bin"),
        .file("usr/bin/jq", pattern(300_000), permissions: 0o755),
        .symlink("usr/bin/q", "jq"), .link("usr/bin/z", to: "usr/bin/jq"),
        .file("usr/empty", []), .file("usr/share/doc/readme", Array("hello\n".utf8)),
    ]

    @Test(.enabled(if: Shell.has("zstd") && Shell.has("tar"), "needs zstd and tar"))
    func gnuTarReadsAPackage() throws {
        let scratch = Scratch()
        var manifest = Manifest()
        manifest.add("name", "sample")
        let id = try writePackage(scratch, "a.pak.zst", Self.sample, manifest: manifest)
        let list = Shell.run("zstd -dc '\(scratch["a.pak.zst"])' | tar tf -")
        #expect(list.status == 0)
        #expect(
            list.output.split(separator: "\n") == [
                ".pak/manifest", "usr/", "usr/bin/", "usr/bin/jq", "usr/bin/q", "usr/bin/z",
                "usr/empty", "usr/share/doc/readme",
            ]
        )
        let sum = Shell.run("zstd -dc '\(scratch["a.pak.zst"])' | sha256sum")
        #expect(sum.output.hasPrefix(id.description))
    }
}
