import Archive
import Differential
import FileTree
import Glibc
import ScratchFolder
import Synchronization
import Testing
import TreeConformance

@testable import CaptureTree

@Suite struct ExportTests {
    /// The members and holes of an export, a line each: mode, owner, time, path, what it is.
    private func text(_ export: Export) -> [String] {
        export.draft.manifest.holes.map { "hole \(String(decoding: $0, as: UTF8.self))" }
            + export.draft.members.map { member in
                let path = String(decoding: member.path, as: UTF8.self)
                let mode = String(Mode(member.type, member.permissions).rawValue, radix: 8)
                var line = "\(mode) \(member.uid):\(member.gid) \(member.modified.seconds) \(path)"
                if let target = member.hardLink {
                    line += " = \(String(decoding: target, as: UTF8.self))"
                }
                if !member.attributes.isEmpty { line += " +\(member.attributes.count)" }
                return line
            }
    }

    /// What a layer is after a script; its files are from after second 1,000,000.
    private func captured(
        _ script: String,
        over base: String = ChangeListTests.base,
        uid: UInt32 = 1000
    ) throws -> CaptureTree {
        let captured = try Captured(base)
        try Script(captured.tree, uid: uid, gid: uid).run(script)
        try captured.layer.seal()
        return captured.tree
    }

    private var options: ExportOptions {
        var options = ExportOptions()
        options.latestTime = 500_000
        options.creator.uid = 1000
        options.creator.gid = 1000
        return options
    }

    private func export(
        _ script: String,
        over base: String = ChangeListTests.base
    ) throws -> Export {
        try Export(captured(script, over: base), options)
    }

    @Test func whatChangedIsListedAndNoMore() throws {
        let export = try export(
            """
            mkdir opt
            put opt/run x
            chmod 755 opt/run
            put usr/share/deep/x new
            chmod 600 etc/mail
            rm etc/conf
            rm usr/share/b
            put opt/gone x
            rm opt/gone
            """
        )
        #expect(
            text(export) == [
                "hole etc/conf", "hole usr/share/b", "100600 0:8 100 etc/mail",
                "40755 0:0 500000 opt", "100755 0:0 500000 opt/run",
                "100644 0:0 500000 usr/share/deep/x",
            ]
        )
        #expect(export.warnings.isEmpty)
        let implied = export.draft.implied.map { String(decoding: $0.path, as: UTF8.self) }
        #expect(implied == ["etc", "usr", "usr/share", "usr/share/deep"])
    }

    /// Looks for names that a file has somewhere, but not further than it is told.
    @Test func theSearchForNamesOfAFileHasAnEnd() throws {
        let lower = MemoryTree()
        let attributes = NewNode(permissions: 0o755, uid: 0, gid: 0)
        var file: (any File)?
        for number in 0..<50 {
            let name = "d\(number / 10)\(number % 10)"
            let folder = try lower.root.createDirectory(name.utf8Bytes.span.bytes, attributes)
            for inner in 0..<20 {
                _ = try folder.createFile("f\(inner)".utf8Bytes.span.bytes, attributes)
            }
        }
        let first = try #require(lower.root.node("d00").directory)
        file = try first.createFile("one".utf8Bytes.span.bytes, attributes)
        let last = try #require(lower.root.node("d49").directory)
        try last.addName("other".utf8Bytes.span.bytes, for: #require(file))
        let captured = try Captured(over: lower.root, in: lower)
        try captured.write("x", to: "d00/one")
        try captured.layer.seal()

        func export(_ limit: Int) throws -> Export {
            var options = self.options
            options.searchLimit = limit
            return try Export(captured.tree, options)
        }
        let whole = try export(1200)
        #expect(
            whole.draft.members.map { String(decoding: $0.path, as: UTF8.self) } == [
                "d00/one", "d49/other",
            ]
        )
        #expect(whole.warnings.isEmpty)
        let cut = try export(500)
        #expect(cut.draft.members.map { String(decoding: $0.path, as: UTF8.self) } == ["d00/one"])
        let warning = try #require(cut.warnings.first)
        #expect(warning.path == Array("d00/one".utf8))
        #expect(warning.what == "has another name, not found among the first 500 names below")
    }

    @Test func ownersAreThoseThatSomebodySet() throws {
        let export = try export(
            """
            put etc/made x
            put etc/given x
            chown 5:6 etc/given
            put etc/own x
            chown 1000:1000 etc/own
            chown 5:8 etc/mail
            """
        )
        #expect(
            text(export) == [
                "100644 5:6 500000 etc/given", "100644 0:0 500000 etc/made",
                "100644 5:8 100 etc/mail", "100644 0:0 500000 etc/own",
            ]
        )
    }

    @Test func aRenamedDirectoryIsListedWhole() throws {
        let export = try export("mv usr/share usr/lib\nput usr/lib/n 1\nrm usr/lib/a")
        #expect(
            text(export) == [
                "hole usr/share", "40755 0:0 500000 usr/lib", "100644 0:0 100 usr/lib/b",
                "40755 0:0 500000 usr/lib/deep", "100644 0:0 100 usr/lib/deep/x",
                "100644 0:0 500000 usr/lib/n",
            ]
        )
    }

    @Test func aReplacedDirectoryHidesNameByName() throws {
        let export = try export(
            """
            rm usr/share/deep/x
            rm usr/share/deep
            rm usr/share/a
            rm usr/share/b
            rm usr/share
            mkdir usr/share
            put usr/share/b bb
            put usr/share/c c
            """
        )
        #expect(
            text(export) == [
                "hole usr/share/a", "hole usr/share/deep", "100644 0:0 500000 usr/share/c",
            ]
        )
    }

    @Test func allNamesOfAFileAreListed() throws {
        let export = try export("put bin/y zz\nput n 1\nln n m\nln n tmp/n")
        #expect(
            text(export) == [
                "100755 0:0 500000 bin/x", "100755 0:0 500000 bin/y = bin/x",
                "100644 0:0 500000 m", "100644 0:0 500000 n = m",
            ]
        )
        let warnings = export.warnings.map {
            "\(String(decoding: $0.path, as: UTF8.self)): \($0.what)"
        }
        #expect(warnings == ["m: has another name outside of what is exported"])
    }

    @Test func aLinkToAnOldFileBringsTheFile() throws {
        let export = try export("ln etc/conf etc/a")
        #expect(text(export) == ["100644 0:0 100 etc/a", "100644 0:0 100 etc/conf = etc/a"])
    }

    @Test func whatNoArchiveHoldsIsTold() throws {
        let export = try export("socket etc/s\nmkdir .pak\nput .pak/x 1\nfifo etc/p\nnull etc/null")
        #expect(text(export) == ["20644 0:0 500000 etc/null", "10644 0:0 500000 etc/p"])
        #expect(
            export.warnings.map(\.what) == [
                "left out: .pak is for packages themselves",
                "left out: .pak is for packages themselves",
                "left out: a socket is nothing without its process",
            ]
        )
    }

    @Test func attributesAreSorted() throws {
        let export = try export("put f x\nxattr user.b 1 f\nxattr user.a 2 f\nxattr trusted.x 3 f")
        let names = export.draft.members[0].attributes.map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(names == ["user.a", "user.b"])
    }

    @Test(arguments: ["zeros 200000 f", "zeros 65536 f\nxattr user.k v f", "chmod 600 f"])
    func zerosAreHolesWhoeverWroteThem(script: String) throws {
        let size = 300_000
        let written = try export(
            "put f \(String(repeating: "a", count: 65536))\n\(script)\ncut \(size) f"
        )
        let member = written.draft.members[0]
        #expect(member.size == UInt64(size))
        #expect(member.segments == [.init(offset: 0, length: 65536)])
    }

    /// Equal trees, made in other orders, by other users, at other times.
    private static let builds = [
        "mkdir a\nput a/x 1\nput a/y 2\nln a/y b\nsymlink x a/l\nchmod 600 etc/conf\nrm etc/mail",
        """
        rm etc/mail
        mkdir tmp/w
        put tmp/w/y 2
        put b 9
        rm b
        ln tmp/w/y b
        put etc/scratch s
        chmod 600 etc/conf
        symlink x tmp/w/l
        put tmp/w/x 0
        new tmp/w/x 1
        rm etc/scratch
        mv tmp/w a
        """,
        "put b 2\nmkdir a\nln b a/y\nput a/x 1\nsymlink x a/l\nnew etc/conf one\nchmod 600 etc/conf\nrm etc/mail",
    ]

    @Test func equalTreesGiveEqualBytes() throws {
        let scratch = try ExportScratch()
        let found = Mutex<[String]>([])
        // In a thread with a mask of its own: else it would be that of all tests.
        PrivateMounts.run { [place = scratch.path] _ in
            for (number, uid) in Self.builds.indices.flatMap({ [($0, 0), ($0, 1000)] }) {
                umask(uid == 0 ? 0o077 : 0)
                do {
                    let prefix = "\(place)/\(number)-\(uid)"
                    try write(Self.builds[number], uid: UInt32(uid), to: prefix)
                } catch {
                    found.withLock { [error] in $0.append("\(error)") }
                }
            }
        }
        #expect(found.withLock { $0 } == [])
        for format in OutputFormats.all where !format.suffix.isEmpty {
            for number in Self.builds.indices {
                for uid in [0, 1000] {
                    let path = scratch["\(number)-\(uid).\(format.suffix)"]
                    let first = scratch["0-0.\(format.suffix)"]
                    #expect(scratch.isSame(path, first), "\(format.name) \(number) \(uid)")
                }
            }
        }
    }

    /// Writes what a build comes to in all formats.
    private func write(
        _ script: String,
        uid: UInt32,
        to prefix: String
    ) throws {
        var options = self.options
        (options.creator.uid, options.creator.gid) = (uid, uid)
        let export = try Export(captured(script, uid: uid), options)
        for format in OutputFormats.all where !format.suffix.isEmpty {
            _ = try export.write(format, to: "\(prefix).\(format.suffix)")
        }
    }

    @Test(arguments: ["tar --xattrs -xf", "bsdtar -xpf", "zstd -qt"])
    func otherProgramsReadWhatIsWritten(command: String) throws {
        let program = String(command.prefix { $0 != " " })
        guard ExportScratch.run("command -v \(program)") == 0 else { return }
        let scratch = try ExportScratch()
        let export = try export(
            "mkdir d\nput d/f 1\nln d/f d/g\nsymlink f d/l\nput s x\ncut 1000000 s\nfifo d/p"
        )
        let format = program == "zstd" ? "pak" : "tar"
        _ = try export.write(OutputFormats.named(format), to: scratch["a"])
        let line = "cd '\(scratch.path)' && \(command) a"
        #expect(ExportScratch.run(line) == 0)
        guard program != "zstd" else { return }
        let check =
            "cd '\(scratch.path)' && test $(stat -c %s s) = 1000000 -a $(stat -c %h d/g) = 2 -a -p d/p"
        #expect(ExportScratch.run(check) == 0)
    }

    @Test func aLowerFileChangedUnderneathIsNamedAndLeavesNoArchive() throws {
        let lower = try MemoryTree.make(ChangeListTests.base)
        let captured = try Captured(over: lower.root, in: lower)
        try Script(captured.tree).run("chmod 600 etc/conf\nput etc/new 1")
        let bytes = Array("other".utf8)
        try lower.root.node("etc/conf").file?.open(.write).write(bytes.span.bytes, at: 0)
        let error = #expect(throws: FileError.self) { try Export(captured.tree) }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context?.contains("etc/conf") == true, "\(String(describing: error))")
    }

    /// A file below that changes when everything has been decided already.
    @Test func aLowerFileThatShrinksMeanwhileLeavesNoArchive() throws {
        let lower = try MemoryTree.make(ChangeListTests.base)
        let captured = try Captured(over: lower.root, in: lower)
        try Script(captured.tree).run("chmod 600 etc/conf")
        let export = try Export(captured.tree)
        try lower.root.node("etc/conf").file?.open([.write, .truncate])
            .write([0x31].span.bytes, at: 0)
        let scratch = try ExportScratch()
        for format in OutputFormats.all {
            let error = #expect(throws: FileError.self) {
                try export.write(format, to: scratch["a"])
            }
            #expect(error?.context?.contains("etc/conf") == true, "\(String(describing: error))")
        }
        #expect(scratch.isEmpty)
    }

    @Test func readsAreListedByPackage() throws {
        let captured = try Captured(ChangeListTests.base)
        for path in ["usr/share/b", "etc/conf", "usr/share/a"] {
            _ = try captured.text(path)
        }
        let list = try ReadList(captured.layer) { path in
            path.starts(with: Array("usr".utf8)) ? ["share"] : []
        }
        let lines = list.lines.map { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(lines == ["- etc/conf", "share usr/share/a", "share usr/share/b"])
        #expect(list.packages == ["share"])
    }
}

/// A folder of a test's own.
final class ExportScratch {
    private let folder: ScratchFolder
    var path: String { folder.path }

    init() throws { folder = try ScratchFolder() }

    subscript(_ name: String) -> String { folder[name] }

    var isEmpty: Bool { rmdir(path) == 0 && mkdir(path, 0o700) == 0 }

    func isSame(_ a: String, _ b: String) -> Bool { Self.run("cmp '\(a)' '\(b)'") == 0 }

    /// Runs a line of sh(1); returns its exit status.
    static func run(_ line: String) -> Int32 {
        let status = system(line + " >/dev/null 2>&1")
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }
}
