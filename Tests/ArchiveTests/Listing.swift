/// A directory of the host as text, a line a file, for comparing what two programs made.
enum Listing {
    /// Path, type, mode, owner, time, link target and hash of every file, but for what is in
    /// `.pak`; sorted.
    static func of(
        _ directory: String,
        owners: Bool = true,
        times: Bool = true,
        folderTimes: Bool = true
    ) -> String {
        let owner = owners ? "%U:%G " : ""
        let time = times ? "%T@ " : ""
        let folderTime = times && folderTimes ? time : ""
        let skip = "-mindepth 1 ! -path './.pak' ! -path './.pak/*'"
        let names = Shell.run(
            "cd '\(directory)' && find . \(skip) -type l -printf '%P l %l\\n' "
                + "-o \(skip) -type d -printf '%P d %m \(owner)\(folderTime)\\n' "
                + "-o \(skip) -printf '%P %y %m \(owner)\(time)%n %s\\n' | LC_ALL=C sort"
        )
        let hashes = Shell.run(
            "cd '\(directory)' && find . \(skip) -type f -print0 | LC_ALL=C sort -z "
                + "| xargs -0 -r sha256sum"
        )
        return names.output + hashes.output
    }

    /// Unpacks a package of ours with the tools of the host, and lists what comes out.
    static func ofPackage(
        _ package: String,
        in scratch: Scratch,
        owners: Bool = true,
        times: Bool = true,
        folderTimes: Bool = true
    ) -> String {
        let folder = scratch["unpacked-\(package.utf8.count)"]
        let result = Shell.run(
            "rm -rf '\(folder)' && mkdir '\(folder)' "
                + "&& zstd -qdc '\(package)' | tar --numeric-owner -xpf - -C '\(folder)'"
        )
        return result.output
            + of(folder, owners: owners, times: times, folderTimes: folderTimes)
    }
}
