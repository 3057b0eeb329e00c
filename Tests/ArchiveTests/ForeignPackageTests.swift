import Archive
import FileTree
import Testing

@Suite struct ForeignPackageTests {
    let scratch = Scratch()

    private func sh(_ lines: String) {
        let result = Shell.run("set -e; cd '\(scratch.path)'\n\(lines)")
        #expect(result.status == 0, "\(result.output)")
    }

    private func pack(_ name: String) throws -> Packer.Report {
        try Packer.pack(scratch[name], to: scratch["out.pak.zst"])
    }

    private var listed: [String] {
        Shell.run("zstd -qdc '\(scratch["out.pak.zst"])' | tar -t").output
            .split(separator: "\n").map(String.init)
    }

    /// An apk is three tars in a row, each in a gzip of its own, the first two without an end.
    @Test func apksKeepTheirFilesAndGiveTheirMetadataToTheManifest() throws {
        sh(
            """
            mkdir -p c d/usr/bin
            printf 'pkgname = busy\\npkgver = 1-r0\\norigin = busybox\\ndepend = so:libc.so\\n' >c/.PKGINFO
            echo sign >c/.SIGN.RSA.key.pub; echo script >c/.post-install
            echo box >d/usr/bin/box; echo keep >d/.hidden
            tar -C c -cf s.tar .SIGN.RSA.key.pub; tar -C c -cf c.tar .PKGINFO .post-install
            tar -C d -cf d.tar usr .hidden
            for part in s c; do
                size=$(tar -tvf $part.tar | awk '{n += 512 + int(($3 + 511) / 512) * 512} END {print n}')
                head -c $size $part.tar | gzip >$part.gz
            done
            gzip -c d.tar >d.gz; cat s.gz c.gz d.gz >busy.apk
            """
        )
        let report = try pack("busy.apk")
        #expect(listed == [".pak/manifest", ".hidden", "usr/", "usr/bin/", "usr/bin/box"])
        #expect(
            String(decoding: report.manifest.bytes, as: UTF8.self)
                == "name busy\norigin apk busybox\nrun so:libc.so\nscript post-install\nversion 1-r0\n"
        )
        #expect(report.manifest.ownsDirectories)
    }

    @Test(arguments: ["zstd -q", "xz", "gzip"])
    func pacmanPackagesLikewise(filter: String) throws {
        sh(
            """
            mkdir -p p/usr/share; cd p
            printf 'pkgname = pac\\npkgver = 2:1-1\\ndepend = glibc>=2.3\\n' >.PKGINFO
            echo x >.BUILDINFO; echo x >.MTREE; echo x >.INSTALL; echo file >usr/share/file
            tar -c .PKGINFO .BUILDINFO .MTREE .INSTALL usr | \(filter) >../pac.pkg.tar
            """
        )
        let report = try pack("pac.pkg.tar")
        #expect(listed == [".pak/manifest", "usr/", "usr/share/", "usr/share/file"])
        #expect(report.manifest.first("origin") == "pacman")
        #expect(report.manifest.all("script") == ["INSTALL"])
        #expect(report.manifest.all("run") == ["glibc>=2.3"])
    }

    @Test func wheelsKeepTheirPathsAndGiveTheirMetadata() throws {
        sh(
            """
            mkdir -p w/six w/six-1.16.dist-info; cd w
            echo pass >six/__init__.py
            printf 'Metadata-Version: 2.1\\nName: Six.Six\\nVersion: 1.16\\n' >six-1.16.dist-info/METADATA
            bsdtar -c --format zip -f ../six-1.16-py3-none-any.whl six six-1.16.dist-info
            """
        )
        let report = try pack("six-1.16-py3-none-any.whl")
        #expect(report.manifest.name == "six-six")
        #expect(report.manifest.version == "1.16")
        #expect(report.manifest.first("origin") == "whl six-six")
        #expect(!report.manifest.ownsDirectories)
        #expect(listed.contains("six/__init__.py"))
    }

    @Test(
        .disabled(if: !Shell.has("bsdtar"), "bsdtar is not installed"),
        arguments: ["gzip", "bzip2", "xz", "zstd", "lz4", "lzma", "lzip", "compress"]
    )
    func everyFilterIsUndone(filter: String) throws {
        sh("mkdir t; echo hello >t/hello; bsdtar -c --\(filter) -f foo-1.5.tar.x t")
        let report = try pack("foo-1.5.tar.x")
        #expect(listed == [".pak/manifest", "t/", "t/hello"])
        #expect(!report.manifest.ownsDirectories)
    }

    @Test func isoImagesAndStaticLibrariesAreRead() throws {
        sh("mkdir -p t/dir; echo hello >t/dir/hello; bsdtar -c --format iso9660 -f a.iso -C t dir")
        _ = try pack("a.iso")
        #expect(listed == [".pak/manifest", "dir/", "dir/hello"])
        sh("echo one >one.o; echo two >two.o; ar rc lib.a one.o two.o")
        _ = try pack("lib.a")
        #expect(listed == [".pak/manifest", "one.o", "two.o"])
    }

    @Test func namesThatAreNoUTF8SurviveByteForByte() throws {
        let name: [UInt8] = Array("caf".utf8) + [0xe9, 0xff, 0x80]
        sh(
            """
            mkdir t; echo x >"t/$(printf 'caf\\351\\377\\200')"; cd t
            ls | cpio -o -H newc --quiet >../a.cpio; tar -cf ../a.tar --format=gnu *; gzip -k ../a.tar
            """
        )
        for archive in ["a.cpio", "a.tar", "a.tar.gz", "t"] {
            _ = try pack(archive)
            let package = try Package.open(
                scratch["out.pak.zst"],
                frames: FrameCache(),
                imports: ImportCache(nil)
            )
            #expect(package.index.entry(atPath: name) != nil, "\(archive)")
        }
        sh(
            "cd t && mv * 'grün ☃' && bsdtar -c --format zip -f ../b.zip * && bsdtar -c --format 7zip -f ../b.7z *"
        )
        for archive in ["b.zip", "b.7z"] {
            _ = try pack(archive)
            #expect(Listing.ofPackage(scratch["out.pak.zst"], in: scratch).contains("grün ☃"))
        }
    }

    @Test func aPackedTreeInAnyFormIsTheSamePackage() throws {
        sh("mkdir -p t/a; echo x >t/a/x; ln t/a/x t/b; touch -d @1000000000 t/a/x t/a t/b")
        let first = try Packer.pack(scratch["t"], to: scratch["p.pak.zst"])
        sh("zstd -qdc p.pak.zst >p.tar; gzip -k p.tar; mkdir u; tar -xf p.tar -C u")
        for form in ["p.pak.zst", "p.tar", "p.tar.gz", "u"] {
            #expect(try pack(form).id == first.id, "\(form)")
        }
    }

    @Test func theLastOfTwoMembersWinsAndIsReported() throws {
        sh(
            """
            mkdir t; echo one >t/f; echo h >t/h; tar -C t -cf a.tar f h
            echo second >t/f; tar -C t -rf a.tar f; gzip a.tar
            """
        )
        let report = try pack("a.tar.gz")
        #expect(report.replaced == [Array("f".utf8)])
        sh("zstd -qdc out.pak.zst | tar -xO f >f")
        #expect(scratch.read("f") == Array("second\n".utf8))
    }

    /// A zip's times are clock readings without a zone; a package is the same in each.
    @Test(.disabled(if: !Programs.has("pak"), "the pak command has not been built"))
    func zipsBecomeTheSamePackageInEveryZone() throws {
        sh(
            """
            echo x >f; touch -d '2020-06-01 12:00:02' f
            TZ=UTC zip -qX plain.zip f; TZ=UTC zip -q timed.zip f
            """
        )
        let expected = Shell.run("TZ=UTC date -d '2020-06-01 12:00:02' +%s").output.dropLast()
        for (file, zone) in [
            ("plain.zip", "UTC"), ("plain.zip", "Asia/Tokyo"), ("timed.zip", "Asia/Tokyo"),
        ] {
            sh("TZ=\(zone) '\(Programs.path("pak"))' pack \(file) -o out.pak.zst")
            let listing = Listing.ofPackage(scratch["out.pak.zst"], in: scratch)
            #expect(listing.contains(" \(expected).0"), "\(file) \(zone): \(listing)")
        }
    }

    @Test func timesAreKeptUnlessALatestIsGiven() throws {
        sh("mkdir t; echo >t/old; echo >t/new; touch -d @100 t/old; touch -d @2000000000.5 t/new")
        _ = try pack("t")
        #expect(Listing.ofPackage(scratch["out.pak.zst"], in: scratch).contains("2000000000.5"))
        var options = ImportOptions()
        options.latestTime = 1_000_000_000
        _ = try Packer.pack(scratch["t"], to: scratch["out.pak.zst"], options)
        let listing = Listing.ofPackage(scratch["out.pak.zst"], in: scratch)
        #expect(listing.contains("new f 644 0:0 1000000000.0000000000"))
        #expect(listing.contains("old f 644 0:0 100.0000000000"))
    }
}
