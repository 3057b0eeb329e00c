import Archive
import FileTree

/// Makes a draft of the differences between a view and what lies below.
struct ExportBuilder {
    private let tree: CaptureTree
    private let options: ExportOptions
    private let rules: Rules
    private let comparison: Comparison
    private let differences: Differences
    private var members: [Member] = []
    private var files: [(any File)?] = []
    private var holes: [[UInt8]] = []
    private(set) var warnings: [Unpacker.Loss] = []

    init(_ tree: CaptureTree, _ options: ExportOptions) throws(FileError) {
        self.tree = tree
        self.options = options
        rules = tree.layer.rules
        comparison = Comparison(options)
        differences = try Differences(
            tree,
            comparison,
            followsMoves: false,
            searchLimit: options.searchLimit
        )
    }

    /// Adds all that has changed, and the names that go with it.
    mutating func addMembers() throws(FileError) {
        var visits = differences.visits.filter { $0.verdict != .same }
        for numbers in differences.groups.values {
            let group = numbers.map { differences.visits[$0] }
            guard group.contains(where: { $0.verdict != .same }) else { continue }
            visits += group.filter { $0.verdict == .same }
        }
        visits.sort { MemberPath.precedes($0.path, $1.path) }
        members.reserveCapacity(visits.count)
        files.reserveCapacity(visits.count)
        // Of each file of several names the member that is the file, and the names not met yet.
        var firstNames: [UInt64: (member: Int, left: UInt64)] = [:]
        for visit in visits where rules.exports(visit.path) {
            guard let node = visit.node, let stat = visit.stat else {
                if visit.below != nil { holes.append(visit.path) }
                continue
            }
            if let reason = Self.refusal(visit.path, stat) {
                warnings.append(Unpacker.Loss(path: visit.path, what: reason))
                continue
            }
            let first = stat.mode.type == .directory ? nil : firstNames[stat.qid.path]
            if let first {
                var member = members[first.member]
                member.hardLink = member.path
                member.path = visit.path
                add(member, nil)
            } else {
                if stat.links > 1 { firstNames[stat.qid.path] = (members.count, stat.links) }
                add(try member(visit, node, stat), node.file)
            }
            if let left = firstNames[stat.qid.path]?.left, left > 0 {
                firstNames[stat.qid.path]?.left = left - 1
            }
        }
        for (member, left) in firstNames.values.sorted(by: { $0.member < $1.member })
        where left > 0 {
            let names = left == 1 ? "another name" : "\(left) other names"
            let what =
                differences.missesNames
                ? "has \(names), not found among the first \(options.searchLimit) names below"
                : "has \(names) outside of what is exported"
            warnings.append(Unpacker.Loss(path: members[member].path, what: what))
        }
    }

    private mutating func add(_ member: Member, _ file: (any File)?) {
        members.append(member)
        files.append(file)
    }

    /// Why a file is no part of an archive; nil when it is.
    private static func refusal(_ path: [UInt8], _ stat: Stat) -> String? {
        if MemberPath.isPrivate(path) { return "left out: .pak is for packages themselves" }
        if stat.mode.type == .socket { return "left out: a socket is nothing without its process" }
        return nil
    }

    private func member(
        _ visit: Visit,
        _ node: any Node,
        _ stat: Stat
    ) throws(FileError) -> Member {
        do throws(FileError) {
            var member = try attributes(visit.path, node, visit.settled(stat), visit.entry)
            switch stat.mode.type {
            case .regular:
                member.size = stat.size
                guard stat.size >= UInt64(SparseScan.block), let file = node.file else { break }
                member.segments = try SparseScan.segments(of: file.open(.read), size: stat.size)
            case .symlink:
                member.linkTarget = try node.link?.target() ?? []
            case .characterDevice, .blockDevice:
                member.device = stat.device
            default: break
            }
            return member
        } catch {
            throw error.under(visit.path)
        }
    }

    private func attributes(
        _ path: [UInt8],
        _ node: any Node,
        _ stat: Stat,
        _ entry: TouchedEntry?
    ) throws(FileError) -> Member {
        guard PathReach(of: path).isMember else { throw FileError(.nameTooLong) }
        var member = Member(
            path: path,
            type: stat.mode.type,
            permissions: stat.mode.permissions
        )
        (member.uid, member.gid) = comparison.owner(stat, entry)
        member.modified = comparison.time(stat, entry)
        if stat.mode.type != .symlink {
            member.attributes = try ExtendedAttribute.portable(of: node)
        }
        return member
    }

    /// The draft of what was added.
    func draft() throws(FileError) -> Draft {
        var manifest = Manifest()
        manifest.add("name", options.name)
        manifest.add("version", options.version)
        manifest.add("hole", paths: holes)
        return Draft(
            manifest: manifest,
            members: members,
            implied: try implied(),
            contents: CapturedContents(files)
        )
    }

    /// The directories on the way to what is listed.
    private func implied() throws(FileError) -> [Member] {
        let listed = Set(members.lazy.filter { $0.type == .directory }.map(\.path))
        var known: Set<[UInt8]> = []
        var implied: [Member] = []
        for path in members.map(\.path) + holes {
            var end = MemberPath.nameStart(path) - 1
            while end > 0 {
                let folder = Array(path[..<end])
                if listed.contains(folder) || !known.insert(folder).inserted { break }
                end = MemberPath.nameStart(folder) - 1
                guard let node = try tree.root.node(atPath: folder) else { continue }
                implied.append(try attributes(folder, node, node.stat(), nil))
            }
        }
        return implied.sorted { MemberPath.precedes($0.path, $1.path) }
    }
}

/// The bytes of an export's members, as the view has them.
private final class CapturedContents: DraftContents {
    private let files: [(any File)?]

    init(_ files: [(any File)?]) { self.files = files }

    func open(_ number: Int) throws(FileError) -> any OpenFile {
        guard let file = files[number] else { throw FileError(.invalid, "no file") }
        return try file.open(.read)
    }
}
