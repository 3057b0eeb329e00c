import FileTree
import Testing

@testable import Archive

@Suite struct RPMTests {
    let scratch = Scratch()

    private func build(_ compressor: String) -> String? {
        let result = Shell.run(
            """
            set -e
            cd '\(scratch.path)'
            cat >tiny.spec <<'SPEC'
            %define _binary_payload \(compressor)
            Name: Tiny
            Version: 1.2
            Release: 3
            Epoch: 4
            Summary: a tiny package
            License: ISC
            BuildArch: noarch
            Requires: /bin/sh, bash >= 4
            Provides: little = 5
            Conflicts: huge < 2
            Obsoletes: old
            %description
            x
            %install
            mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/d
            echo one >%{buildroot}/usr/bin/one
            ln %{buildroot}/usr/bin/one %{buildroot}/usr/share/d/two
            ln -s ../bin/one %{buildroot}/usr/share/link
            %post
            touch /tmp/ran-by-mistake
            %files
            %attr(4750, root, games) %caps(cap_net_raw=ep) /usr/bin/one
            %attr(4750, root, games) %caps(cap_net_raw=ep) /usr/share/d/two
            /usr/share/link
            SPEC
            rpmbuild --quiet --define "_topdir $PWD/top" --define '_build_id_links none' \
                --define '__os_install_post %{nil}' -bb tiny.spec
            """
        )
        #expect(result.status == 0, "\(result.output)")
        let file = Shell.run("ls '\(scratch.path)'/top/RPMS/noarch/*.rpm").output
        return file.split(separator: "\n").first.map(String.init)
    }

    @Test(
        .disabled(if: !Shell.has("rpmbuild"), "rpmbuild is not installed"),
        arguments: ["w9.gzdio", "w6.xzdio", "w3.zstdio"]
    )
    func rpmsGiveTheirFilesOwnersAndManifest(compressor: String) throws {
        let rpm = try #require(build(compressor))
        let report = try Packer.pack(rpm, to: scratch["out.pak.zst"])
        let unpacked = Shell.run(
            "mkdir '\(scratch["cpio"])' && cd '\(scratch["cpio"])' && rpm2cpio '\(rpm)' | cpio -idm --quiet"
        )
        #expect(unpacked.status == 0, "\(unpacked.output)")
        let expected = Listing.of(scratch["cpio"], folderTimes: false)
        #expect(expected.contains("usr/share/d/two f 4750"))
        #expect(
            Listing.ofPackage(scratch["out.pak.zst"], in: scratch, folderTimes: false) == expected
        )
        let manifest = report.manifest
        #expect(manifest.name == "tiny")
        #expect(manifest.version == "4:1.2-3")
        #expect(manifest.first("license") == "ISC")
        #expect(manifest.all("conflict") == ["huge<2"])
        #expect(manifest.all("replace") == ["old"])
        #expect(manifest.all("script") == ["postin"])
        #expect(Set(manifest.all("run")).isSuperset(of: ["file:/bin/sh", "bash>=4"]))
        #expect(manifest.all("provide").contains("little=5"))
        #expect(manifest.ownsDirectories)
        let owner = Shell.run(
            "zstd -qdc '\(scratch["out.pak.zst"])' | tar -tv | grep 'usr/bin/one' | cut -d' ' -f1,2"
        )
        #expect(owner.output.hasPrefix("-rwsr-x--- 0/games"), "\(owner.output)")
        let package = try Package.open(
            scratch["out.pak.zst"],
            frames: FrameCache(),
            imports: ImportCache(nil)
        )
        let inode = package.index.inode(
            package.index.inodeNumber(try #require(package.index.entry(atPath: "usr/bin/one".utf8)))
        )
        var names: [String] = []
        package.index.forEachAttribute(inode) { name, value in
            names.append(String(decoding: name, as: UTF8.self))
            return value.count == 20
        }
        #expect(names == ["security.capability"])
    }

    private func words(_ numbers: [Int]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(number >> (24 - 8 * $0) & 0xff) } }
    }

    private func head(_ entries: Int, _ size: Int) -> [UInt8] {
        [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0] + words([entries, size])
    }

    private func header(_ rpm: [UInt8]) throws -> RPMHeader {
        scratch.write("made.rpm", rpm)
        let file = try HostDescriptor.openFile(path: scratch["made.rpm"])
        return try RPMHeader.read(
            from: FileSource(file, size: UInt64(rpm.count), progress: nil)
        )
    }

    /// A folder as long as the header, which a byte a file asks for again and again.
    @Test func pathsThatNoMemberHasAreLeftOut() throws {
        let folders = [UInt8](repeating: UInt8(ascii: "d"), count: 5000) + [0] + Array("e/\0".utf8)
        let names = Array("a\0b\0".utf8)
        let store = folders + names + words([0, 1])
        var rpm = [UInt8](repeating: 0, count: 96) + head(0, 0) + head(3, store.count)
        rpm += words([1118, 8, 0, 2])
        rpm += words([1117, 8, folders.count, 2])
        rpm += words([1116, 4, folders.count + names.count, 2])
        let files = try header(rpm + store).files()
        #expect(files.map(\.path) == [Array("e/b".utf8)])
    }

    @Test func aTagOfMoreStringsThanAnyPackageHasIsRefused() throws {
        let lead = [UInt8](repeating: 0, count: 96) + head(0, 0) + head(1, 8)
        let store = [UInt8](repeating: 0, count: 8)
        let error = #expect(throws: FileError.self) {
            try header(lead + words([1117, 8, 0, (1 << 20) + 1]) + store)
        }
        #expect(error?.kind == .malformed)
        let longest = try header(lead + words([1117, 8, 0, 1 << 20]) + store)
        #expect(longest.strings(.baseNames).count == 8)
    }

    @Test(.disabled(if: !Shell.has("rpmbuild"), "rpmbuild is not installed"))
    func anRpmCutShortOrDamagedIsRefusedAndNothingIsMade() throws {
        let rpm = try #require(build("w6.xzdio"))
        _ = Shell.run(
            "mv '\(rpm)' '\(scratch["whole.rpm"])'; cd '\(scratch.path)'; rm -r top tiny.spec"
        )
        let whole = scratch.read("whole.rpm")
        for length in stride(from: 0, to: whole.count - 1, by: 131) {
            scratch.write("cut.rpm", Array(whole[..<length]))
            let error = #expect(throws: FileError.self, "\(length) of \(whole.count)") {
                try Packer.pack(scratch["cut.rpm"], to: scratch["out.pak.zst"])
            }
            #expect(error?.context?.hasPrefix(scratch["cut.rpm"]) == true, "\(error as Any)")
        }
        // Every field of the headers' own heads: counts and sizes among them.
        for offset in 96..<400 {
            var bytes = whole
            bytes[offset] = 0xff
            scratch.write("cut.rpm", bytes)
            // It may be harmless; it may not crash or leave anything behind.
            _ = try? Packer.pack(scratch["cut.rpm"], to: scratch["out.pak.zst"])
            _ = Shell.run("rm -f '\(scratch["out.pak.zst"])'")
        }
        #expect(scratch.names == ["cut.rpm", "whole.rpm"])
    }
}
