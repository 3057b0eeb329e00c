import FileTree

extension RPMHeader {
    /// What the header alone knows of a file.
    struct FileOwner {
        var path: [UInt8]
        var user: [UInt8]
        var group: [UInt8]
        var capabilities: ExtendedAttribute?
    }

    /// The files of the package, in the header's order.
    ///
    /// Errors: `.malformed` for capabilities that are not understood.
    func files() throws(FileError) -> [FileOwner] {
        let names = strings(.baseNames)
        let folders = strings(.directoryNames)
        let indexes = numbers(.directoryIndexes)
        let users = strings(.fileUser)
        let groups = strings(.fileGroup)
        let capabilities = strings(.fileCapabilities)
        var files: [FileOwner] = []
        for (number, name) in names.enumerated() where number < indexes.count {
            let index = Int(indexes[number])
            // No member has a longer path, and a few bytes may ask for the same long folder each.
            guard index < folders.count,
                folders[index].count + name.count <= MemberPath.limit + 1
            else { continue }
            let path = folders[index].drop { $0 == UInt8(ascii: "/") } + name
            let text = number < capabilities.count ? capabilities[number] : []
            files.append(
                FileOwner(
                    path: Array(path),
                    user: number < users.count ? users[number] : [],
                    group: number < groups.count ? groups[number] : [],
                    capabilities: text.isEmpty
                        ? nil
                        : try FileCapabilities.attribute(String(decoding: text, as: UTF8.self))
                )
            )
        }
        return files
    }
}
