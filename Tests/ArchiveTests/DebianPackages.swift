import Glibc

/// Real packages of Debian, fetched once for all tests and kept in a folder of their own.
enum DebianPackages {
    /// The files of the packages, or why there are none.
    static let jq: Result<[String], Missing> = fetch(["jq", "libjq1", "libonig5"])

    struct Missing: Error {
        var reason: String
    }

    /// Why tests that need them are skipped; nil when they are not.
    static var missing: String? {
        if case .failure(let missing) = jq { missing.reason } else { nil }
    }

    private static func fetch(_ names: [String]) -> Result<[String], Missing> {
        let cache =
            getenv("XDG_CACHE_HOME").map { String(cString: $0) }
            ?? getenv("HOME").map { String(cString: $0) + "/.cache" } ?? "/tmp"
        let folder = "\(cache)/pak-tests"
        let list = names.joined(separator: " ")
        let result = Shell.run(
            """
            mkdir -p '\(folder)' && cd '\(folder)' || exit 1
            for name in \(list); do
                ls "$name"_*.deb >/dev/null 2>&1 && continue
                new=$(mktemp -d ./new.XXXXXX) && chmod 755 "$new" && cd "$new" || exit 1
                timeout 60 apt-get -qq -o APT::Sandbox::User=root download "$name" || exit 1
                mv ./*.deb .. && cd .. && rm -r "$new"
            done
            """
        )
        guard result.status == 0 else {
            return .failure(Missing(reason: "no Debian archive can be reached: \(result.output)"))
        }
        let files = names.map { name in
            Shell.run("ls '\(folder)/\(name)'_*.deb | head -1").output
                .split(separator: "\n").first.map(String.init) ?? ""
        }
        return .success(files)
    }
}
