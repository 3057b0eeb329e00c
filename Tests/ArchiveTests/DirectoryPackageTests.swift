import Archive
import FileTree
import Glibc
import Testing

@Suite struct DirectoryPackageTests {
    let scratch = Scratch()

    private func sh(_ lines: String) {
        let result = Shell.run("set -e; cd '\(scratch.path)'\n\(lines)")
        #expect(result.status == 0, "\(result.output)")
    }

    private func inode(_ path: String, _ package: Package) throws -> UInt32 {
        package.index.inodeNumber(try #require(package.index.entry(atPath: path.utf8)))
    }

    private func read(_ path: String, _ package: Package) throws -> String {
        let file = try package.open(inode(path, package))
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func namesAreThoseOfTheStartAndBytesThoseOfTheOpen() throws {
        sh("mkdir -p foo-1.5/d; echo one >foo-1.5/d/f; ln foo-1.5/d/f foo-1.5/g; ln -s d foo-1.5/l")
        let package = try Package.openDirectory(scratch["foo-1.5"])
        #expect(package.name == "foo")
        #expect(!package.ownsDirectories)
        #expect(try read("d/f", package) == "one\n")
        let inode = package.index.inode(try inode("g", package))
        #expect(inode.links == 2)
        #expect(inode.uid == geteuid())
        sh("echo two >foo-1.5/d/f; echo new >foo-1.5/new; rm foo-1.5/l")
        #expect(try read("g", package) == "two\n")
        #expect(package.index.entry(atPath: "new".utf8) == nil)
        let again = try Package.openDirectory(scratch["foo-1.5"])
        #expect(try read("new", again) == "new\n")
        #expect(again.index.entry(atPath: "l".utf8) == nil)
        #expect(again.id != package.id)
        #expect(try Package.openDirectory(scratch["foo-1.5"]).id == again.id)
    }

    @Test func nothingOutsideIsEverRead() throws {
        sh("mkdir -p p/d out; echo in >p/d/f; echo in >p/g; echo secret >out/f; echo secret >s")
        let package = try Package.openDirectory(scratch["p"])
        sh("mv p/d p/e; ln -s ../out p/d; rm p/g; ln -s ../s p/g")
        #expect(throws: FileError.self) { try read("d/f", package) }
        #expect(throws: FileError.self) { try read("g", package) }
        sh("rm p/g; mkfifo p/g")
        #expect(throws: FileError.self) { try read("g", package) }
        sh("rm p/g; mkdir p/g")
        #expect(throws: FileError.self) { try read("g", package) }
    }

    @Test func layersHideByNamesOnlyWhereTheyAreLayers() throws {
        sh(
            """
            mkdir -p p/a p/o p/.unionfs/x p/both; cd p
            : >a/.wh.gone; : >o/.wh..wh..opq; : >.wh..wh.aufs; : >.unionfs/x/y_HIDDEN~; echo >a/kept
            : >.wh.both; : >both/f; : >.wh.file; echo >file
            if [ $(id -u) = 0 ]; then mknod zero c 0 0; else : >.wh.zero; fi
            """
        )
        let plain = try Package.openDirectory(scratch["p"])
        #expect(plain.index.holes == [])
        #expect(plain.index.entry(atPath: "a/.wh.gone".utf8) != nil)
        var options = ImportOptions()
        options.isLayer = true
        let layer = try Package.openDirectory(scratch["p"], options)
        #expect(
            layer.index.holes.map { String(decoding: $0, as: UTF8.self) } == [
                "a/gone", "x/y", "zero",
            ]
        )
        #expect(layer.index.opaques.map { String(decoding: $0, as: UTF8.self) } == ["both", "o"])
        var paths: [String] = []
        for entry in 1..<UInt32(layer.index.entryCount) {
            paths.append(String(decoding: layer.index.path(entry), as: UTF8.self))
        }
        #expect(paths.sorted() == ["a", "a/kept", "both", "both/f", "file", "o"])
        // A compressed tar of it, or a plain one, is the same layer.
        sh(
            "tar -C p -cf p.tar . ; tar -C p -czf p.tar.gz .; : >bare; tar -cf bare.tar --transform s/bare/.wh./ bare"
        )
        for form in ["p.tar", "p.tar.gz"] {
            let package = try Package.open(
                scratch[form],
                frames: FrameCache(),
                imports: ImportCache(nil),
                options
            )
            #expect(package.index.holes == layer.index.holes)
            #expect(package.index.opaques == layer.index.opaques)
        }
        let error = #expect(throws: FileError.self) {
            try Package.open(
                scratch["bare.tar"],
                frames: FrameCache(),
                imports: ImportCache(nil),
                options
            )
        }
        #expect(error?.context?.hasSuffix(".wh.: hides no name") == true, "\(error as Any)")
    }
}
