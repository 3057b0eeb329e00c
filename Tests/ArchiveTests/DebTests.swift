import Archive
import FileTree
import Testing

@Suite struct DebTests {
    let scratch = Scratch()

    @Test(.disabled(if: DebianPackages.missing != nil, "\(DebianPackages.missing ?? "")"))
    func debsFromTheArchiveEqualWhatDpkgUnpacks() throws {
        for deb in try DebianPackages.jq.get() {
            let report = try Packer.pack(deb, to: scratch["out.pak.zst"])
            let unpacked = Shell.run(
                "rm -rf '\(scratch["dpkg"])' && dpkg -x '\(deb)' '\(scratch["dpkg"])'"
            )
            #expect(unpacked.status == 0, "\(unpacked.output)")
            // dpkg makes links last, which leaves their folders' times at now.
            let expected = Listing.of(scratch["dpkg"], folderTimes: false)
            #expect(expected.contains("usr/share/doc"))
            let ours = Listing.ofPackage(
                scratch["out.pak.zst"],
                in: scratch,
                folderTimes: false
            )
            #expect(ours == expected)
            for (key, field) in [
                ("name", "Package"), ("version", "Version"), ("arch", "Architecture"),
            ] {
                let known = Shell.run("dpkg-deb -f '\(deb)' \(field)").output
                #expect("\(report.manifest.first(key) ?? "")\n" == known)
            }
            #expect(report.manifest.ownsDirectories)
        }
    }

    /// A package built by dpkg-deb: scripts, an empty directory, links, odd modes.
    private func build(_ compression: String) -> String {
        let result = Shell.run(
            """
            set -e
            cd '\(scratch.path)'; rm -rf t; mkdir -p t/DEBIAN t/usr/bin t/usr/lib/empty
            printf 'Package: Tiny\\nVersion: 1:2-3\\nArchitecture: all\\nMaintainer: x <x@y>\\nDescription: d\\nDepends: a (>= 1)\\n' >t/DEBIAN/control
            sed -i s/Tiny/tiny/ t/DEBIAN/control
            printf '#!/bin/sh\\ntouch /tmp/ran-by-mistake\\n' >t/DEBIAN/postinst; chmod 755 t/DEBIAN/postinst
            echo run >t/usr/bin/run; chmod 4755 t/usr/bin/run; ln t/usr/bin/run t/usr/bin/again
            ln -s /usr/bin/run t/usr/lib/link
            SOURCE_DATE_EPOCH=1500000000 dpkg-deb --root-owner-group -Z\(compression) -b t tiny.deb >/dev/null
            """
        )
        #expect(result.status == 0, "\(result.output)")
        return scratch["tiny.deb"]
    }

    @Test(arguments: ["none", "gzip", "xz", "zstd"])
    func debsOfEveryCompressionAreTheSamePackage(compression: String) throws {
        let report = try Packer.pack(build(compression), to: scratch["out.pak.zst"])
        _ = Shell.run("dpkg -x '\(scratch["tiny.deb"])' '\(scratch["dpkg"])'")
        #expect(
            Listing.ofPackage(scratch["out.pak.zst"], in: scratch, folderTimes: false)
                == Listing.of(scratch["dpkg"], folderTimes: false)
        )
        let text = String(decoding: report.manifest.bytes, as: UTF8.self)
        #expect(
            text == """
                arch all
                name tiny
                origin deb tiny
                run a>=1
                script postinst
                summary d
                version 1:2-3

                """
        )
    }

    @Test(arguments: ["data.tar", "control.tar"])
    func aDebWithoutAPartIsRefused(part: String) throws {
        _ = build("gzip")
        _ = Shell.run("cd '\(scratch.path)' && ar d tiny.deb \(part).gz")
        let error = #expect(throws: FileError.self) {
            try Packer.pack(scratch["tiny.deb"], to: scratch["out.pak.zst"])
        }
        #expect(error?.kind == .malformed)
        #expect(error?.context == "\(scratch["tiny.deb"]): \(part): missing")
        #expect(scratch.names == ["t", "tiny.deb"])
    }

    @Test(arguments: ["gzip", "xz", "zstd", "none"])
    func aDebCutShortAnywhereIsRefusedAndNothingIsMade(compression: String) throws {
        _ = build(compression)
        let whole = scratch.read("tiny.deb")
        // The last bytes of an ar may be padding, or the padding of the tar in it.
        let end = compression == "none" ? whole.count - 1 - 512 : whole.count - 2
        for length in Array(stride(from: 0, to: end, by: 97)) + [end] {
            scratch.write("cut.deb", Array(whole[..<length]))
            let error = #expect(throws: FileError.self, "\(length) of \(whole.count)") {
                try Packer.pack(scratch["cut.deb"], to: scratch["out.pak.zst"])
            }
            #expect(error?.context?.hasPrefix(scratch["cut.deb"]) == true, "\(error as Any)")
            // Cut near the end, it is the part that is named.
            if length > whole.count - 150 {
                #expect(error?.context?.contains(": data.tar") == true, "\(error as Any)")
            }
            #expect(scratch.names == ["cut.deb", "t", "tiny.deb"])
        }
    }
}
