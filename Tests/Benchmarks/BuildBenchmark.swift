import FileTree
import Glibc

/// Real programs, configured once, and then made by `make -j2`: on the disk as it is, and in a
/// capture of the machine; in turn, each round from the same source.
///
/// `s` is the whole command, start and package and all, `make s` what make itself takes in it.
/// The one is small, and so shows what a capture costs at all; the other takes some seconds.
struct BuildBenchmark {
    let pak: String
    let rounds: Int
    let complain: (String) -> Void

    private static let programs: [(name: String, configure: String, make: String)] = [
        ("pv", "./configure", "make -j2"), ("lua5.4", "true", "make -j2 linux"),
    ]

    func run() throws(FileError) -> MountTable {
        var table = MountTable("make -j2", ["s", "x disk", "make s", "make x disk"])
        // On a disk, and not below /tmp, of which a capture has one of its own.
        let place = try HostFolder.makeNew("/var/tmp/pakbench")
        defer { HostFolder.remove(place) }
        for program in Self.programs {
            let prepare = """
                cd "$0" && mkdir source && tar -x --no-same-owner --strip-components=1 -C source \
                    -f "${XDG_CACHE_HOME:-$HOME/.cache}"/pak-builds/"$1"_*.orig.tar.*[2z] &&
                    cd source && eval "$2"
                """
            let words = ["sh", "-c", prepare, place, program.name, program.configure]
            if try Program.run(words, quiet: true) == 0 {
                try measure(program.name, program.make, place, &table)
            } else {
                let cure = "(mk builds fetches it)"
                complain("pakbench: no source of \(program.name) \(cure): measured without it")
            }
            try Program.require(["rm", "-rf", "\(place)/source", "\(place)/run"])
        }
        return table
    }

    private func measure(
        _ name: String,
        _ make: String,
        _ place: String,
        _ table: inout MountTable
    ) throws(FileError) {
        // The first round fills caches.
        for round in 0...rounds {
            let plain = try time(make, [], place)
            let package = "\(place)/out.pak.zst"
            let captured = try time(make, [pak, "capture", "-q", "-o", package, "--"], place)
            guard round > 0 else { continue }
            for (kind, time) in [("disk", plain), ("pak capture", captured)] {
                table.add(name, kind, "s", time.whole)
                table.add(name, kind, "make s", time.make)
            }
            table.add(name, "pak capture", "x disk", captured.whole / plain.whole)
            table.add(name, "pak capture", "make x disk", captured.make / plain.make)
        }
    }

    /// Seconds that a build takes which `words` start, from a fresh copy of the source.
    private func time(
        _ make: String,
        _ words: [String],
        _ place: String
    ) throws(FileError) -> (whole: Double, make: Double) {
        let copy = "rm -rf \"$0/run\" && cp -a \"$0/source\" \"$0/run\""
        try Program.require(["sh", "-c", copy, place])
        // The file is opened outside: what is written in a capture stays there.
        let timed = "date +%s%N >&3; \(make) || exit; date +%s%N >&3"
        let build = "cd \"$0/run\" && exec \"$@\" sh -c '\(timed)' 3>\"$0/times\""
        let start = now()
        try Program.require(["sh", "-c", build, place] + words)
        let whole = now() - start
        let file = open("\(place)/times", O_RDONLY | O_CLOEXEC)
        try CaptureFiles.check(file, "\(place)/times")
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 64)
        let count = read(file, &text, text.count)
        let times = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
            .split(separator: "\n").compactMap { Double($0) }
        guard times.count == 2 else { throw FileError(.malformed, "\(place)/times") }
        return (whole, (times[1] - times[0]) / 1e9)
    }
}
