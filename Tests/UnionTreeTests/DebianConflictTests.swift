import Archive
import FileTree
import Glibc
import ScratchFolder
import Testing
import UnionTree

/// Packages of Debian that cannot be installed together, and what they fight over: all of it and
/// nothing else, as dpkg-deb says it.
@Suite(.enabled(if: DebianFiles.missing == nil, "\(DebianFiles.missing ?? "")"))
struct DebianConflictTests {
    @Test(
        arguments: [
            ["libcurl4-openssl-dev", "libcurl4-gnutls-dev"],
            ["postfix", "exim4-daemon-light", "msmtp-mta"],
        ]
    )
    func theSetOfConflictsIsWhatDpkgDebSaysOfTheFiles(names: [String]) throws {
        let files = try names.map { try #require(DebianFiles.paths[$0], "\($0)") }
        var conflicts: [Conflict] = []
        let cache = try ScratchFolder()
        let imports = ImportCache(cache.path)
        let packages = try files.map {
            try Package.open($0, frames: FrameCache(), imports: imports)
        }
        let error = #expect(throws: FileError.self) {
            _ = try UnionTree(packages: packages, conflicts: &conflicts)
        }
        #expect(error?.kind == .conflict)
        let found = conflicts.map { "\($0.path)" }
        let expected = try DebianFiles.conflicts(files)
        #expect(!expected.isEmpty)
        #expect(found == expected.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        for conflict in conflicts {
            let sides = Set(conflict.sides.map(\.package))
            #expect(sides == expected["\(conflict.path)"], "\(conflict.path)")
        }
        // Each is settled by what it says itself, and then all is there.
        var rules = UnionRules()
        for conflict in conflicts {
            try rules.prefer(Array("\(conflict.path)".utf8), conflict.sides[0].package)
        }
        let tree = try UnionTree(packages: packages, rules: rules)
        #expect(tree.packages.count == names.count)
    }
}

/// Files of packages of Debian, fetched once and kept, and what dpkg-deb says of them.
enum DebianFiles {
    private static let names = [
        "libcurl4-openssl-dev", "libcurl4-gnutls-dev", "postfix", "exim4-daemon-light", "msmtp-mta",
    ]

    /// The files by the names of packages; those that could be had.
    static let paths: [String: String] = {
        let cache =
            getenv("XDG_CACHE_HOME").map { String(cString: $0) }
            ?? getenv("HOME").map { String(cString: $0) + "/.cache" } ?? "/tmp"
        let folder = "\(cache)/pak-tests"
        var paths: [String: String] = [:]
        for name in names {
            let text = try? shell(
                """
                mkdir -p '\(folder)' && cd '\(folder)' || exit 1
                ls \(name)_*.deb >/dev/null 2>&1 || {
                    new=$(mktemp -d ./new.XXXXXX) && chmod 755 "$new" && cd "$new" || exit 1
                    timeout 60 apt-get -qq -o APT::Sandbox::User=root download \(name) >&2 || exit 1
                    mv ./*.deb .. && cd .. && rm -r "$new"
                }
                ls "$PWD"/\(name)_*.deb | head -n 1
                """
            )
            guard let path = text?.split(separator: "\n").last else { continue }
            paths[name] = String(path)
        }
        return paths
    }()

    /// Why there are none; nil when all are there.
    static var missing: String? {
        let missing = names.filter { paths[$0] == nil }
        return missing.isEmpty ? nil : "not to be had from Debian's archive: \(missing)"
    }

    /// The paths that not all packages which have them agree in, and who has them.
    static func conflicts(_ files: [String]) throws -> [String: Set<String>] {
        let scratch = try ScratchFolder()
        var sides: [String: [(package: String, what: String)]] = [:]
        for (number, file) in files.enumerated() {
            let folder = scratch["\(number)"]
            let name = try shell("dpkg-deb -f '\(file)' Package; dpkg-deb -x '\(file)' '\(folder)'")
                .split(separator: "\n")[0]
            // MODE OWNER SIZE DATE TIME ./PATH[ -> TARGET]
            for line in try shell("LC_ALL=C dpkg-deb -c '\(file)'").split(separator: "\n") {
                let words = line.split(
                    separator: " ",
                    maxSplits: 5,
                    omittingEmptySubsequences: true
                )
                guard words.count == 6, words[5] != "./" else { continue }
                var path = String(words[5].dropFirst(1))
                var what = "\(words[0]) \(words[1])"
                if words[0].hasPrefix("d") {
                    path.removeLast()
                } else if words[0].hasPrefix("l") {
                    let parts = path.components(" -> ")
                    path = parts[0]
                    what += " \(parts[1])"
                } else {
                    // A further name of a file says so.
                    path = path.components(" link to ")[0]
                    what = "-\(words[0].dropFirst()) \(words[1])"
                    what += " " + (try shell("sha256sum <'\(folder)\(path)'"))
                }
                // What is merged into /usr is there, for dpkg too.
                for top in ["bin", "sbin", "lib"] where path.hasPrefix("/\(top)/") {
                    path = "/usr" + path
                }
                sides[path, default: []].append((String(name), what))
            }
        }
        return sides.filter { Set($0.value.map(\.what)).count > 1 }
            .mapValues { Set($0.map(\.package)) }
    }

    private static func shell(_ text: String) throws -> String {
        let stream = try #require(popen(text, "r"))
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&room, 1, room.count, stream), count > 0 {
            bytes += room[..<count]
        }
        try #require(pclose(stream) == 0, "\(text)")
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// The two parts around the first `mark`; itself alone where there is none.
    fileprivate func components(_ mark: String) -> [String] {
        let all = Array(utf8)
        let wanted = Array(mark.utf8)
        guard all.count >= wanted.count else { return [self] }
        for place in 0...(all.count - wanted.count)
        where all[place..<place + wanted.count].elementsEqual(wanted) {
            return [
                String(decoding: all[..<place], as: UTF8.self),
                String(decoding: all[(place + wanted.count)...], as: UTF8.self),
            ]
        }
        return [self]
    }
}
