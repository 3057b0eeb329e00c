import ArgumentParser
import FileTree
import Glibc
import Namespaces
import Terminal

/// `pak doctor`: what this machine allows.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try what views need of this machine, and say what would help."
    )

    @OptionGroup var printing: OutputOptions

    func run() throws {
        var works: Set<Facility> = []
        for facility in Facility.allCases {
            let finding = facility.check()
            if case .works = finding { works.insert(facility) }
            tell(facility.rawValue, facility.words, finding)
        }
        let deserted = MountedView.all().filter(\.isDeserted)
        for view in deserted {
            let why = "a mount whose server is gone"
            tell("mount", view.path, .missing(why: why, cure: "pak umount '\(view.path)'"))
        }
        let isPossible =
            works.contains(.userNamespaces) && !works.isDisjoint(with: [.fuse, .overlay])
            || geteuid() == 0 && !works.isDisjoint(with: [.fuse, .overlay, .v9fs])
        guard isPossible else {
            throw Complaint("no view can be had here", status: 6)
        }
    }

    /// A line a check.
    private func tell(_ key: String, _ words: String, _ finding: Facility.Finding) {
        let (works, what, cure) =
            switch finding {
            case .works(let how): (true, how, "")
            case .missing(let why, let cure): (false, why, cure)
            }
        if printing.json {
            let object = JSON.object([
                ("check", .text(key)),
                ("what", .text(words)),
                ("works", .truth(works)),
                ("reason", .text(what)),
                ("try", cure.isEmpty ? .null : .text(cure)),
            ])
            return Stream.standardOutput.write(object.line + "\n")
        }
        var line = "\(works ? "yes" : "no ") \(words)"
        if !what.isEmpty { line += ": \(what)" }
        if !cure.isEmpty { line += "; try: \(cure)" }
        Stream.standardOutput.write(Visible.text(line) + "\n")
    }
}

/// A view that is mounted at a directory of the host.
struct MountedView {
    /// The directory.
    var path: String

    /// All there are.
    static func all() -> [MountedView] {
        // Where there is no /proc there is nothing to be told.
        let mounts = (try? HostMount.all()) ?? []
        return mounts.filter { $0.type == "fuse.pak" || $0.type == "9p" && $0.source == "pak" }
            .map { MountedView(path: $0.path) }
    }

    /// Whether nobody serves it any more.
    var isDeserted: Bool {
        var figures = statvfs()
        return statvfs(path, &figures) != 0 && errno == ENOTCONN
    }
}
