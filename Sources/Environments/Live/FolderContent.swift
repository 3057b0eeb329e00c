import Archive
import FileTree
import Terminal

/// The packages that a folder of the host has, each opened once, the rules of how they are joined,
/// and what is no package or not yet.
struct FolderContent: Sendable {
    private let folder: String
    /// What is open, by the names of files.
    private var packages: [String: (stamp: FileStamp, package: Package)] = [:]
    /// The rules, and which file says so; those that were there before while it cannot be read.
    private(set) var rules = FolderRules()
    private var rulesStamp: FileStamp?
    /// What is kept out.
    private var refused: [String: Refusal] = [:]
    /// Why what there is could not be shown; nil when it was.
    var complaint: Complaint?
    /// Files that were begun and not closed since, where the kernel does not tell of writers.
    private var unclosed: Set<String> = []
    /// Directories that were made where they are: nobody says when they are whole.
    private var inPlace: Set<String> = []
    /// Packages of which there is a later version, or the same by another name, and which it is.
    private var older: [String: String] = [:]
    /// Names in other bytes than those of another that is the same text.
    private var twins: Set<[UInt8]> = []

    private struct Refusal: Sendable {
        /// Nil for what cannot be looked at.
        var stamp: FileStamp?
        var error: FileError
    }

    init(_ folder: String) { self.folder = folder }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// What is there of names, and of the rules: with others, what is shown is another.
    func stamps(of names: [String]) -> [String: FileStamp] {
        var stamps = Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                packages[name].map { (name, $0.stamp) }
            }
        )
        stamps["/\(FolderRules.fileName)"] = rulesStamp
        return stamps
    }

    /// The packages of names, by their paths.
    func opened(_ names: [String]) -> [String: Package] {
        Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                packages[name].map { (path(name), $0.package) }
            }
        )
    }

    /// Opens everything anew from now on.
    mutating func forget() {
        packages = [:]
        refused = [:]
        older = [:]
        unclosed = []
        inPlace = []
        rulesStamp = nil
        complaint = nil
    }

    /// Learns from what has happened to a name.
    mutating func take(_ event: FileEvents.Event) {
        let kinds = event.kinds
        guard !event.name.isEmpty else { return }
        if !kinds.isDisjoint(with: [.movedOut, .removed, .movedIn, .closed]) {
            unclosed.remove(event.name)
            inPlace.remove(event.name)
        } else if kinds.contains([.made, .directory]) {
            inPlace.insert(event.name)
        } else if !kinds.isDisjoint(with: [.made, .modified]) {
            unclosed.insert(event.name)
        }
    }

    /// Learns that events were lost, or that another folder is there.
    mutating func loseEvents(isSame: Bool) {
        // Their ends may be among what was lost.
        unclosed = []
        if !isSame { inPlace = [] }
    }

    /// Whether something is kept out of which no event may tell that it is whole: what is written
    /// by another name, in another folder.
    var isWaiting: Bool {
        refused.contains { $0.value.error.kind == .busy && !inPlace.contains($0.key) }
    }

    /// The names of all packages that the folder has by now, in order.
    ///
    /// `tell` gets a line for each that is kept out, once. Errors: those of reading the folder.
    mutating func read(
        _ opener: PackageOpener,
        _ tell: (String) -> Void
    ) throws(FileError) -> [String] {
        // What is being copied by programs that know how has such a name until it is whole.
        let names = try HostFolder.names(in: folder).filter { !$0.utf8.starts(with: ".".utf8) }
        var whole: [String] = []
        var others: Set<[UInt8]> = []
        var seen: Set<String> = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            // An accent of its own, or a letter that has it: to people, and as a key, it is one.
            guard seen.insert(name).inserted else {
                others.insert(Array(name.utf8))
                if !twins.contains(Array(name.utf8)) {
                    tell("\(name) is kept out: another name is the same in other bytes")
                }
                continue
            }
            let stamp = FileStamp(path(name))
            do throws(FileError) {
                guard let stamp else {
                    guard let error = unseen(name) else { continue }
                    throw error
                }
                if name == FolderRules.fileName, stamp.type == .regular {
                    try takeRules(stamp)
                } else {
                    try open(name, stamp, opener)
                    whole.append(name)
                }
                refused[name] = nil
            } catch {
                packages[name] = nil
                if refused[name]?.error != error { tell("\(name) is kept out: \(error)") }
                refused[name] = Refusal(stamp: stamp, error: error)
            }
        }
        twins = others
        let all = Set(names)
        if !all.contains(FolderRules.fileName) { (rules, rulesStamp) = (FolderRules(), nil) }
        packages = packages.filter { all.contains($0.key) }
        refused = refused.filter { all.contains($0.key) }
        return latest(whole, tell)
    }

    /// Those of names that are the latest of their packages, of equal versions the first name.
    ///
    /// An upgrade is there before what it takes the place of is taken out.
    private mutating func latest(_ names: [String], _ tell: (String) -> Void) -> [String] {
        let known = names.compactMap { name in packages[name].map { (name, $0.package) } }
        func version(_ package: Package) -> String { package.manifest.version ?? "" }
        let latest = Dictionary(known.map { ($0.1.name, $0) }) {
            VersionOrder.precedes(version($0.1), version($1.1)) ? $1 : $0
        }
        var found: [String: String] = [:]
        for (name, package) in known {
            guard let other = latest[package.name], other.0 != name else { continue }
            let isOlder = VersionOrder.precedes(version(package), version(other.1))
            let why =
                isOlder
                ? "\(package.name) \(version(other.1))" : "\(other.0) of this version, too"
            found[name] = why
            if older[name] != why { tell("\(name) is kept out: there is \(why)") }
        }
        older = found
        return names.filter { found[$0] == nil }
    }

    /// Why a name cannot be looked at; nil where it is gone.
    private func unseen(_ name: String) -> FileError? {
        // What is not UTF-8 has that in its place.
        if name.contains("\u{FFFD}") { return FileError(.invalid, "its name is not UTF-8") }
        return FileStamp.isNamed(path(name)) ? FileError(.notFound, "it leads nowhere") : nil
    }

    private mutating func open(
        _ name: String,
        _ stamp: FileStamp,
        _ opener: PackageOpener
    ) throws(FileError) {
        switch stamp.type {
        case .directory:
            guard !inPlace.contains(name) else {
                throw FileError(.busy, "made in place; move it in, or ask for it by SIGHUP")
            }
        case .regular: try checkWriters(name, stamp)
        default: throw FileError(.invalid, "neither a file nor a directory")
        }
        if packages[name]?.stamp == stamp { return }
        try checkRefused(name, stamp)
        let package = try opener.open(path(name), asLayer: false)
        guard FileStamp(path(name)) == stamp else {
            throw FileError(.busy, "it changed while it was read")
        }
        packages[name] = (stamp, package)
    }

    private mutating func takeRules(_ stamp: FileStamp) throws(FileError) {
        let name = FolderRules.fileName
        try checkWriters(name, stamp)
        if rulesStamp == stamp { return }
        try checkRefused(name, stamp)
        let read = try FolderRules(TextFile.read(path(name)))
        guard FileStamp(path(name)) == stamp else {
            throw FileError(.busy, "it changed while it was read")
        }
        (rules, rulesStamp) = (read, stamp)
    }

    private func checkWriters(_ name: String, _ stamp: FileStamp) throws(FileError) {
        let isWritten =
            switch FileWriters.of(path(name)) {
            case .some: true
            case .unknown: unclosed.contains(name) && stamp.links == 1 && mayBeWritten(name, stamp)
            case .none: false
            }
        if isWritten { throw FileError(.busy, "it is being written") }
    }

    /// Whether what was begun may still be written, where only the folder tells.
    ///
    /// A link is whole at once, and the end of what it leads to is told elsewhere: that is taken
    /// once it was left alone for a while.
    private func mayBeWritten(_ name: String, _ stamp: FileStamp) -> Bool {
        !FileStamp.isLink(path(name)) || stamp.wasTouched(within: Self.rest)
    }

    /// Seconds after which nobody is taken to write any more.
    private static var rest: Int { 5 }

    /// What was read, and is as it was, is no better now.
    private func checkRefused(_ name: String, _ stamp: FileStamp) throws(FileError) {
        if let known = refused[name], known.stamp == stamp, known.error.kind != .busy {
            throw known.error
        }
    }
}
