import FileTree
import Testing

@testable import Archive

@Suite struct MetadataTests {
    private func read<T>(_ text: String, _ reader: (UnsafeRawBufferPointer) -> T) -> T {
        Array(text.utf8).withUnsafeBytes(reader)
    }

    @Test func debControlKeepsEveryRelation() {
        let manifest = read(
            """
            Package: jq
            Source: jq (1.6-2.1)
            Version: 1:1.6-2.1
            Architecture: amd64
            Pre-Depends: dpkg (>> 1.17)
            Depends: libc6 (>= 2.34), libjq1 (= 1.6-2.1) | libjq2 (<< 3), perl:any,
             tail
            Provides: json-tool (= 1)
            Conflicts: old-jq
            Breaks: older (<= 1)
            Replaces: old-jq
            Description: lightweight JSON processor
             more text
             .
             Depends: none

            Package: second
            """,
            DebControl.read
        )
        #expect(manifest.name == "jq")
        #expect(manifest.version == "1:1.6-2.1")
        #expect(manifest.source == "jq")
        #expect(manifest.summary == "lightweight JSON processor")
        #expect(
            manifest.run
                == ["dpkg>1.17", "libc6>=2.34", "libjq1=1.6-2.1|libjq2<3", "perl", "tail"]
        )
        #expect(manifest.provide == ["json-tool=1"])
        #expect(manifest.conflict == ["old-jq", "older<=1"])
        #expect(manifest.replace == ["old-jq"])
    }

    @Test func pkgInfoOfApkAndPacmanIsUnderstood() {
        let manifest = read(
            """
            # made by abuild
            pkgname = musl-utils
            pkgver = 1.2.3-r4
            pkgdesc = the musl C library
            arch = x86_64
            license = MIT
            license = BSD
            origin = musl
            depend = scanelf
            depend = so:libc.musl-x86_64.so.1
            depend = /bin/sh
            depend = !uclibc
            depend = glibc>=2.3
            provides = cmd:getent=1.2.3-r4
            replaces = libiconv
            """,
            PkgInfo.read
        )
        #expect(manifest?.name == "musl-utils")
        #expect(manifest?.license == "MIT AND BSD")
        #expect(manifest?.source == "musl")
        #expect(
            manifest?.run
                == ["scanelf", "so:libc.musl-x86_64.so.1", "file:/bin/sh", "glibc>=2.3"]
        )
        #expect(manifest?.conflict == ["uclibc"])
        #expect(manifest?.provide == ["cmd:getent=1.2.3-r4"])
        #expect(read("nothing = here\n", PkgInfo.read) == nil)
    }

    @Test func wheelMetadataLeavesConditionsOut() {
        let manifest = read(
            """
            Metadata-Version: 2.1
            Name: Ruamel.YAML__clib
            Version: 0.2.8
            Summary: a C parser
            License: MIT
            Requires-Dist: requests[security] (>=2.0,<3)
            Requires-Dist: six
            Requires-Dist: pytest ; extra == 'test'

            Name: body
            """,
            WheelMetadata.read
        )
        #expect(manifest.name == "ruamel-yaml-clib")
        #expect(manifest.version == "0.2.8")
        #expect(manifest.run == ["requests>=2.0", "requests<3", "six"])
    }

    @Test(arguments: [
        ("/a/b/foo-1.2.3.tar.gz", "foo", "1.2.3"), ("foo.zip", "foo", "0"),
        ("x-2.0-linux-x86_64.tar.xz", "x", "2.0-linux-x86_64"), ("dir/", "dir", "0"),
        ("lib-foo-bar-1.tgz", "lib-foo-bar", "1"), ("plain", "plain", "0"),
    ])
    func fileNamesTellNameAndVersion(path: String, name: String, version: String) {
        let manifest = ArchiveFileName.read(path)
        #expect(manifest.name == name)
        #expect(manifest.version == version)
    }

    @Test(arguments: [
        ("Foo Bar", "foo-bar"), ("_x", "x"), ("grün", "gr--n"), ("", "package"), ("+++", "package"),
        ("libstdc++6", "libstdc++6"),
    ])
    func namesBecomeLegal(name: String, legal: String) {
        #expect(PackageName.legal(name) == legal)
    }

    @Test func capabilitiesBecomeTheKernelsAttribute() throws {
        let value = try FileCapabilities.attribute("cap_net_admin,cap_net_raw=ep")?.value
        // As setcap(8) writes it: version 2, effective, permitted bits 12 and 13.
        #expect(
            value == [1, 0, 0, 2, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        )
        #expect(try FileCapabilities.attribute("cap_bpf+p")?.value[12] == 0x80)
        #expect(try FileCapabilities.attribute("=") == nil)
        // As it is read from outside of a namespace whose root is 1000: in it there is no more.
        let plain = try #require(try FileCapabilities.attribute("cap_net_raw+ep"))
        var outside = plain
        outside.value[3] = 3
        outside.value += [0xe8, 3, 0, 0]
        #expect(outside.within(namespaceOf: 1000) == plain)
        #expect(outside.within(namespaceOf: 1001) == outside)
        #expect(plain.within(namespaceOf: 1000) == plain)
        #expect(throws: FileError.self) { try FileCapabilities.attribute("cap_fly=ep") }
    }

    @Test func manifestHoldsWhatThePackageSays() throws {
        var foreign = ForeignManifest()
        foreign.name = "Foo"
        foreign.version = "1"
        foreign.license = "GPL\n  and more"
        foreign.scripts = ["postinst"]
        foreign.provide = (0..<50_000).map { "so:lib\($0).so" }
        let manifest = try foreign.manifest(
            format: "rpm",
            ownsDirectories: false,
            holes: [Array("a b".utf8)],
            opaques: []
        )
        #expect(manifest.name == "foo")
        #expect(manifest.first("license") == "GPL and more")
        #expect(manifest.first("origin") == "rpm")
        #expect(manifest.all("script") == ["postinst"])
        #expect(manifest.holes == [Array("a b".utf8)])
        #expect(!manifest.ownsDirectories)
        #expect(manifest.bytes.count <= 128 << 10)
    }
}
