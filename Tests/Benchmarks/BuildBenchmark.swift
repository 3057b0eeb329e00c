import FileTree
import Glibc

/// A real program, configured once, and then made by `make -j2`: on the disk as it is, and in a
/// capture of the machine, start and package and all; in turn, each round from the same source.
struct BuildBenchmark {
    let pak: String
    let rounds: Int
    let complain: (String) -> Void

    func run() throws(FileError) -> MountTable {
        var table = MountTable("make -j2", ["s", "x disk"])
        // On a disk, and not below /tmp, of which a capture has one of its own.
        let place = try HostFolder.makeNew("/var/tmp/pakbench")
        defer { HostFolder.remove(place) }
        let prepare = """
            cd "$0" && mkdir pv && tar -x --no-same-owner --strip-components=1 -C pv \
                -f "${XDG_CACHE_HOME:-$HOME/.cache}"/pak-builds/pv_*.orig.tar.bz2 &&
                cd pv && ./configure
            """
        guard try Program.run(["sh", "-c", prepare, place], quiet: true) == 0 else {
            complain("pakbench: no source of pv to build (mk builds fetches it): measured without")
            return table
        }
        // The first round fills caches.
        for round in 0...rounds {
            let make = "rm -rf run && cp -a pv run && cd run && exec \"$@\" make -j2"
            let plain = try time(["sh", "-c", "cd \"$0\" && \(make)", place])
            let captured = try time([
                "sh", "-c", "cd \"$0\" && \(make)", place, pak, "capture", "-q", "-o",
                "\(place)/out\(round).pak.zst", "--",
            ])
            guard round > 0 else { continue }
            table.add("pv", "disk", "s", plain)
            table.add("pv", "pak capture", "s", captured)
            table.add("pv", "pak capture", "x disk", captured / plain)
        }
        return table
    }

    private func time(_ words: [String]) throws(FileError) -> Double {
        let start = now()
        let status = try Program.run(words, quiet: true)
        guard status == 0 else { throw FileError(.inputOutput, "make ended with \(status)") }
        return now() - start
    }
}
