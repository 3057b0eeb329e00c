import Archive
import Environments
import FileTree
import NinePClient
import Store
import Terminal

/// An environment that a running server has of a store, by way of its control files.
struct ServedEnvironment {
    /// What it is called.
    let name: String
    private let address: String
    private let control: ServedControl

    /// Finds its control files; without a name, of the first environment that the server has of its
    /// stores.
    init(_ address: String, _ name: String?) throws(Complaint) {
        self.address = address
        let root = try ServerOptions.attach(to: address, "ctl")
        let list = "pak ls -a '\(address)' -A ctl env"
        do throws(FileError) {
            if let name { self.name = name } else { self.name = try Self.usual(root) }
        } catch {
            throw Complaint("\(address): ctl", error, try: "\(list), and -e with one of these")
        }
        do throws(FileError) {
            control = ServedControl(
                folder: try root.walk(["env", self.name].map { Array($0.utf8) })
            )
        } catch {
            throw Complaint("\(address): environment \(self.name)", error, try: list)
        }
        try checkRights()
    }

    /// The name that the topmost control file begins with.
    private static func usual(_ root: Fid) throws(FileError) -> String {
        guard let line = try ServedControl(folder: root).lines("ctl").first else {
            throw FileError(.notFound, "no environment of a store")
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Complains of an environment that cannot be changed from here: only its owner sees the file
    /// that takes words, and one of no store has none.
    private func checkRights() throws(Complaint) {
        func has(_ file: String) throws(Complaint) -> Bool {
            do throws(FileError) {
                _ = try control.folder.walk([Array(file.utf8)])
                return true
            } catch {
                guard error.kind == .notFound else { throw complaint(file, error) }
                return false
            }
        }
        if try has("ctl") { return }
        // Only those of stores have the one, and those of folders the other besides.
        guard try has("gen"), try !has("folder") else {
            let why = FileError(.readOnly, "environment \(name) is of no store")
            throw Complaint(address, why, try: "pakfs -e NAME, an environment of a store")
        }
        throw Complaint(
            "\(address): environment \(name)",
            FileError(.permission),
            try: "-a 'unix!SOCKET', as the user who runs that pakfs: nothing else proves who asks"
        )
    }

    private func complaint(_ what: String, _ error: FileError) -> Complaint {
        Complaint("\(address): environment \(name): \(what)", error)
    }

    /// What it holds.
    fileprivate struct State {
        var number: Int
        var hash: String
        var packages: [StoredPackage]
    }

    private func state() throws(Complaint) -> State {
        do throws(FileError) {
            for _ in 0..<100 {
                let generation = try control.lines("gen")
                let packages = try control.lines("packages")
                // Another may be current since: the files are of one moment each.
                guard try control.lines("gen") == generation else { continue }
                return try State(generation, packages)
            }
            throw FileError(.again, "it does not stay the same")
        } catch {
            throw complaint("what it holds", error)
        }
    }

    /// Makes the change that lists of words ask for, as of a command's, and tells what it came to.
    func make(_ words: [[String]], _ printing: some Printing) throws(Complaint) {
        var lines: [String] = []
        do throws(FileError) {
            for words in words {
                lines += try ControlLines(words, limit: control.folder.client.largestData).lines
            }
        } catch {
            let isFile = error.kind == .unsupported
            let cure = "pak import FILE where that pakfs runs, and pak add -a '\(address)' NAME"
            throw Complaint("\(error)", try: isFile ? cure : nil, status: isFile ? 1 : 2)
        }
        try make(lines.count == 1 ? lines : ["begin"] + lines + ["commit"], printing)
    }

    /// Says lines, each once the one before it is done, and tells what that came to.
    func make(_ lines: [String], _ printing: some Printing) throws(Complaint) {
        let old = try state()
        for line in lines { try say(line) }
        let new = try state()
        guard new.number != old.number else {
            let object = JSON.change(name, new: new.number, old: old.number, new.hash, [])
            return printing.show(object, or: "Generation \(old.number), as it was\n")
        }
        EnvironmentEdit.tell(
            printing,
            name,
            (new.number, new.hash),
            old: old.number,
            PackageDifference.list(from: old.packages, to: new.packages)
        )
    }

    /// Says a line of words.
    func say(_ line: String) throws(Complaint) {
        do throws(FileError) { try control.say(line) } catch {
            let status: Int32 =
                switch error.kind {
                case .busy: WaitOptions.busy
                case .invalid: 2
                default: 1
                }
            let refusal = control.refusal ?? ["\(line): \(error)"]
            var complaint = Complaint("environment \(name): \(refusal[0])", status: status)
            complaint.details = refusal.dropFirst().map(pointed)
            throw complaint
        }
    }

    /// A way out that the server's own user would type, as it is typed here.
    private func pointed(_ line: String) -> String {
        var line = line
        for verb in ["prefer", "block"] {
            let here = "pak \(verb) -a '\(address)' -e \(name)"
            line = line.replacing("pak \(verb) -e \(name)", with: "pak \(verb)")
                .replacing("pak \(verb)", with: here)
        }
        return line
    }
}

extension ServedEnvironment.State {
    /// Reads what the files `gen` and `packages` say.
    fileprivate init(_ generation: [[UInt8]], _ packages: [[UInt8]]) throws(FileError) {
        let space = UInt8(ascii: " ")
        let words = (generation.first ?? []).split(separator: space)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 2, let number = Int(words[0]) else { throw .malformed("gen") }
        self.number = number
        hash = words[1]
        self.packages = []
        for line in packages {
            let parts = line.split(
                separator: space,
                maxSplits: 2,
                omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 3, let id = ContentID(hexadecimal: parts[0]),
                let package = StoredPackage(name: parts[1], version: parts[2], id: id)
            else { throw .malformed("packages: \(PathText.display(line))") }
            self.packages.append(package)
        }
    }
}
