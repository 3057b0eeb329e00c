import Environments
import FileTree
import Terminal

/// The mounts of a view's root, by which those are found who keep it when it has ended.
struct HeldMounts {
    /// As mountinfo has it: `0:45`; nil where that could not be told.
    private var device: String?
    /// The mounts of it in the view, by number.
    private var numbers: Set<String> = []

    /// Those of the view whose first process has that number, and is still there.
    init(of keeper: Int32) {
        let lines = Self.mounts(of: String(keeper))
        guard let root = lines.first(where: { $0.count > 4 && $0[4] == "/" }) else { return }
        device = root[2]
        numbers = Set(lines.filter { $0.count > 4 && $0[2] == root[2] }.map { $0[0] })
    }

    /// Says who keeps it.
    func tell() {
        let names = holders
        let who =
            names.isEmpty
            ? "a process that has entered it or has a file of it open"
            : names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
        Complaint("the view is held by \(who): what it changes from now on is not kept")
            .print(as: "pak")
    }

    /// Processes that are in the view, or have a file of it open or mapped, as far as this user may
    /// see it: `name (number)`.
    private var holders: [String] {
        // Without /proc nobody is to be seen.
        guard let device, let names = try? HostFolder.names(in: "/proc") else { return [] }
        let minor = UInt32(device.parts(at: ":").last ?? "") ?? 0
        let number = String(minor, radix: 16)
        let mapped = " 00:\(number.count < 2 ? "0" : "")\(number) "
        return names.filter { $0.utf8.allSatisfy { (48...57).contains($0) } }.compactMap { name in
            guard isHolder(name, device, mapped) else { return nil }
            let command = Self.text("/proc/\(name)/comm").parts(at: "\n").first ?? "?"
            return "\(command) (\(name))"
        }
    }

    private func isHolder(_ process: String, _ device: String, _ mapped: String) -> Bool {
        if Self.mounts(of: process).contains(where: { $0.count > 2 && $0[2] == device }) {
            return true
        }
        // What is another user's is not to be seen.
        for file in (try? HostFolder.names(in: "/proc/\(process)/fdinfo")) ?? [] {
            let words = Self.text("/proc/\(process)/fdinfo/\(file)").split { " \t\n".contains($0) }
            guard let place = words.firstIndex(of: "mnt_id:"), place + 1 < words.count else {
                continue
            }
            if numbers.contains(String(words[place + 1])) { return true }
        }
        return Self.text("/proc/\(process)/maps").contains(mapped)
    }

    private static func mounts(of process: String) -> [[String]] {
        text("/proc/\(process)/mountinfo").parts(at: "\n").map {
            $0.parts(at: " ").map(String.init)
        }
    }

    /// A file of proc; nothing where it cannot be read.
    private static func text(_ path: String) -> String {
        String(decoding: (try? TextFile.read(path)) ?? [], as: UTF8.self)
    }
}
