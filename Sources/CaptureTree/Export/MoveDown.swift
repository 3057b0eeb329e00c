public import Archive
public import FileTree

/// A layer and the packages below it as new packages, so that these together are what was captured.
///
/// A package of which something was changed or removed becomes a new version of itself, and the
/// others stay. What belongs to none becomes a package of its own. A file with several names goes
/// to one package with all of them, since no file is in two.
public struct MoveDown: Sendable {
    /// Where a path is below the layer.
    public struct Place: Sendable {
        /// The packages that have it, by their numbers, with the path that it has there.
        public var owners: [(package: Int, path: [UInt8])]
        /// Whether it is there without the packages, too.
        public var isInBase: Bool

        /// Makes a place.
        public init(owners: [(package: Int, path: [UInt8])], isInBase: Bool = false) {
            self.owners = owners
            self.isInBase = isInBase
        }
    }

    /// The packages that have changed, by their numbers, as they are to be written.
    public let versions: [Int: Draft]
    /// What belongs to no package; nil when that is nothing.
    public let rest: Draft?

    /// Divides what a layer has changed among the packages below it.
    ///
    /// - Parameters:
    ///   - export: what has changed.
    ///   - name: the name of the package of what belongs to none.
    ///   - packages: the packages below.
    ///   - place: where a path is below the layer; called for no path twice.
    /// - Throws: what `place` throws.
    public init(
        _ export: Export,
        named name: String,
        below packages: [Package],
        place: (_ path: [UInt8]) throws(FileError) -> Place
    ) throws(FileError) {
        var division = Division(export.draft, packages)
        for path in export.draft.manifest.holes { division.remove(path, try place(path)) }
        try division.addMembers(place)
        try division.keepDirectories(place)
        versions = division.edited.mapValues { $0.draft }
        let rest = division.rest(named: name)
        self.rest = rest.members.isEmpty && rest.manifest.holes.isEmpty ? nil : rest
    }
}

/// What goes where.
private struct Division {
    private let export: Draft
    private let packages: [Package]
    private(set) var edited: [Int: PackageEdit] = [:]
    private var own = PackageEdit(Manifest())
    private var holes: [[UInt8]] = []

    init(_ export: Draft, _ packages: [Package]) {
        self.export = export
        self.packages = packages
    }

    mutating func remove(_ path: [UInt8], _ place: MoveDown.Place) {
        for owner in place.owners { edit(owner.package) { $0.remove(below: owner.path) } }
        if place.isInBase || place.owners.isEmpty { holes.append(path) }
    }

    private mutating func edit(_ number: Int, _ body: (inout PackageEdit) -> Void) {
        var edit = edited.removeValue(forKey: number) ?? PackageEdit(Draft(packages[number]))
        body(&edit)
        edited[number] = edit
    }

    mutating func addMembers(
        _ place: (_ path: [UInt8]) throws(FileError) -> MoveDown.Place
    ) throws(FileError) {
        // The names of each file, the first of them the file itself.
        var groups: [[UInt8]: [Int]] = [:]
        var firsts: [[UInt8]] = []
        for (number, member) in export.members.enumerated() {
            let first = member.hardLink ?? member.path
            if groups[first] == nil { firsts.append(first) }
            groups[first, default: []].append(number)
        }
        for first in firsts {
            guard let numbers = groups[first] else { continue }
            if numbers.count == 1 {
                add(numbers[0], try place(first))
            } else {
                var places: [MoveDown.Place] = []
                for number in numbers { places.append(try place(export.members[number].path)) }
                add(group: numbers, places)
            }
        }
    }

    private mutating func add(_ number: Int, _ place: MoveDown.Place) {
        let member = export.members[number]
        var owners = place.owners
        if member.type == .directory {
            // Who does not list a directory has no say in what it is like.
            owners.removeAll { owner in
                let index = packages[owner.package].index
                guard let entry = index.entry(atPath: owner.path) else { return true }
                return index.isDirectory(entry) && !index.isListed(entry)
            }
        }
        let bytes = export.contents
        for owner in owners {
            edit(owner.package) { edit in
                // What was below a directory goes with it.
                if member.type != .directory { edit.remove(below: owner.path) }
                edit.add(member, at: owner.path, [number], bytes)
            }
        }
        if owners.isEmpty { own.add(member, at: member.path, [number], export.contents) }
    }

    private mutating func add(group numbers: [Int], _ places: [MoveDown.Place]) {
        let bytes = export.contents
        let owner = places.lazy.compactMap { $0.owners.first?.package }.first
        for (number, place) in zip(numbers, places) {
            let member = export.members[number]
            var path = member.path
            for other in place.owners {
                edit(other.package) { $0.remove(below: other.path) }
                if other.package == owner { path = other.path }
            }
            if let owner {
                edit(owner) { $0.add(member, at: path, numbers, bytes) }
            } else {
                own.add(member, at: path, numbers, export.contents)
            }
        }
    }

    /// Lists the directories that nothing is left in to imply them.
    mutating func keepDirectories(
        _ place: (_ path: [UInt8]) throws(FileError) -> MoveDown.Place
    ) throws(FileError) {
        for directory in export.implied {
            let place = try place(directory.path)
            if place.isInBase { continue }
            let isThere = place.owners.contains { owner in
                edited[owner.package]?.has(owner.path) ?? true
            }
            if !isThere, !own.has(directory.path) {
                own.add(directory, at: directory.path, [], export.contents)
            }
        }
    }

    func rest(named name: String) -> Draft {
        var draft = own.draft
        draft.manifest.add("name", name)
        draft.manifest.add("hole", paths: holes)
        return draft
    }
}

/// A package while it becomes another.
private struct PackageEdit {
    /// A name, and where the bytes of its file are.
    private struct Name {
        var member: Member
        var contents: any DraftContents
        var number: Int
        /// The first of the file's names where it comes from, and from where.
        var file: (source: Int, path: [UInt8])
    }

    private var manifest: Manifest
    private var names: [[UInt8]: Name] = [:]

    init(_ manifest: Manifest) { self.manifest = manifest }

    init(_ draft: Draft) {
        manifest = draft.manifest
        for (number, member) in draft.members.enumerated() {
            names[member.path] = Name(
                member: member,
                contents: draft.contents,
                number: number,
                file: (0, member.hardLink ?? member.path)
            )
        }
    }

    mutating func remove(below path: [UInt8]) {
        if let name = names.removeValue(forKey: path), name.member.type != .directory { return }
        let folder = path + [UInt8(ascii: "/")]
        for name in names.keys where name.starts(with: folder) { names[name] = nil }
    }

    /// Whether a directory is listed, or implied by what is in it.
    func has(_ path: [UInt8]) -> Bool {
        let folder = path + [UInt8(ascii: "/")]
        return names[path] != nil || names.keys.contains { $0.starts(with: folder) }
    }

    /// Adds a member of an export, one of the names `group` of its file.
    mutating func add(
        _ member: Member,
        at path: [UInt8],
        _ group: [Int],
        _ bytes: any DraftContents
    ) {
        var named = member
        named.path = path
        named.hardLink = nil
        names[path] = Name(
            member: named,
            contents: bytes,
            number: group.first ?? 0,
            file: (1, member.hardLink ?? member.path)
        )
    }

    /// What it has become.
    var draft: Draft {
        let sorted = names.values.sorted { MemberPath.precedes($0.member.path, $1.member.path) }
        var firsts: [[[UInt8]]: [UInt8]] = [:]
        var members: [Member] = []
        var sources: [EditedContents.Source] = []
        for name in sorted {
            var member = name.member
            member.hardLink = nil
            if member.type != .directory {
                let key = [[UInt8(name.file.source)], name.file.path]
                member.hardLink = firsts[key]
                if member.hardLink == nil { firsts[key] = member.path }
            }
            members.append(member)
            sources.append((name.contents, name.number))
        }
        return Draft(manifest: manifest, members: members, contents: EditedContents(sources))
    }
}

/// The bytes of members that come from several drafts.
private final class EditedContents: DraftContents {
    typealias Source = (contents: any DraftContents, number: Int)

    private let sources: [Source]

    init(_ sources: [Source]) { self.sources = sources }

    func open(_ number: Int) throws(FileError) -> any OpenFile {
        try sources[number].contents.open(sources[number].number)
    }
}
