import ArgumentParser
import Environments
import FileTree
import Glibc

/// Files of the host for a shell that completes a word which may be something else as well, so
/// that the shell's own way to complete files is not to be had.
enum FileNames {
    /// Whether a word that begins so can be a path alone.
    static func isPath(_ prefix: String) -> Bool {
        prefix.contains("/") || prefix.utf8.starts(with: ".".utf8)
            || prefix.utf8.starts(with: "~".utf8)
    }

    /// The paths that begin so, as the shell that asks wants them.
    static func completions(of prefix: String) -> [String] {
        var paths = matches(prefix)
        // Bash itself looks which of them are directories, and fish adds no blank to a slash.
        if CompletionShell.requesting == .bash { return paths.map(quoted) }
        if CompletionShell.requesting == .zsh, paths.count == 1, let only = paths.first,
            only.hasSuffix("/")
        {
            // A word that is the only one is ended with a blank.
            paths += matches(only)
        }
        let isZsh = CompletionShell.requesting == .zsh
        // To zsh what stands behind a colon is said of the word, and none of it.
        return isZsh ? paths.map { $0.replacing(":", with: "\\:") } : paths
    }

    /// The paths that begin so; but for bash, with a slash behind directories.
    private static func matches(_ prefix: String) -> [String] {
        let slash = prefix.utf8.lastIndex(of: UInt8(ascii: "/"))
        let start = slash.map { prefix[...$0] } ?? ""
        let rest = slash.map { prefix[prefix.utf8.index(after: $0)...] } ?? prefix[...]
        var folder = start.isEmpty ? "." : String(start)
        if folder.utf8.starts(with: "~/".utf8), let home = getenv("HOME") {
            folder = String(cString: home) + folder.dropFirst()
        }
        // A shell that completes has nobody to tell of errors.
        let names = (try? HostFolder.names(in: folder)) ?? []
        let marks = CompletionShell.requesting == .bash ? "" : "/"
        return names.sorted().compactMap { name in
            // Hidden ones are for those who ask, and a name of two lines would be two words.
            guard name.hasPrefix(rest),
                !name.utf8.starts(with: ".".utf8) || rest.utf8.starts(with: ".".utf8),
                !name.contains("\n"), !name.contains("\u{FFFD}")
            else { return nil }
            let isFolder = PackageOpener.isDirectory("\(folder)/\(name)")
            return start + name + (isFolder ? marks : "")
        }
    }

    /// The path so that bash takes it as it is: it runs what stands behind a dollar in a word, and
    /// puts the home in the place of a tilde that was typed.
    private static func quoted(_ path: String) -> String {
        let plain = "/._-+%@,:="
        if path.utf8.allSatisfy({ $0 >= 0x80 || isAlphanumeric($0) || plain.utf8.contains($0) }) {
            return path
        }
        return "'" + path.replacing("'", with: #"'\''"#) + "'"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }
}
