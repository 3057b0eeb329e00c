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
        for view in MountedView.all() {
            let (why, word): (String, String)
            switch view.server {
            case .present: continue
            case .gone: (why, word) = ("a mount whose server is gone", "umount")
            case .silent: (why, word) = ("a mount whose server does not answer", "umount -l")
            }
            tell("mount", view.path, .missing(why: why, cure: "pak \(word) '\(view.path)'"))
        }
        for path in CaptureFolder.left {
            let why = "changes that a killed capture has left"
            tell("capture", path, .missing(why: why, cure: "rm -r '\(path)'"))
        }
        let isPossible =
            works.contains(.userNamespaces) && !works.isDisjoint(with: [.fuse, .overlay])
            || View.isPrivileged && !works.isDisjoint(with: [.fuse, .overlay, .v9fs])
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
