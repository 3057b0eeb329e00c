import Archive
import FileTree

/// Packages in an order, and what a table asks of all of them.
///
/// One that is made of another takes over what is known of those that both have: of a thousand
/// packages none is looked at but those that came.
///
/// `@unchecked Sendable`: the memory behind the pointer is written in `init` alone.
final class PackageList: @unchecked Sendable {
    let packages: [Package]
    /// What each of them is, by its number.
    let members: UnsafeBufferPointer<Member>
    /// Whether they are in the order of their ids, and each is there once, as those of an
    /// environment are.
    let isInOrder: Bool
    /// Whether the identity of each is that of all it says.
    let areNative: Bool
    /// How many expect a merged /usr.
    let debianCount: Int
    /// Whether one says of names that they shall not be seen.
    let hidesNames: Bool

    /// What is asked of a package; the package itself is held by `packages`.
    struct Member {
        var id: ContentID
        /// What the qids of its files are made of.
        var seed: UInt64
        var entryCount: UInt32
        var isNative: Bool
        var isDebian: Bool
        var hidesNames: Bool
        var index: Unmanaged<Index>
    }

    init(_ packages: [Package], near: PackageList? = nil) {
        self.packages = packages
        let members = UnsafeMutableBufferPointer<Member>.allocate(capacity: packages.count)
        var (isInOrder, areNative, debianCount, hidesNames) = (true, true, 0, false)
        var there = 0
        // Compared by where they are: to count a thousand references takes a tenth of a switch.
        Self.withPlaces(of: packages) { places in
            Self.withPlaces(of: near?.packages ?? []) { before in
                for here in places.indices {
                    let member: Member
                    if let near, there < before.count, before[there] == places[here] {
                        member = near.members[there]
                        there += 1
                    } else {
                        member = Member(packages[here])
                        if let near {
                            while there < before.count, near.members[there].id < member.id {
                                there += 1
                            }
                        }
                    }
                    members.initializeElement(at: here, to: member)
                    if here > 0, members[here - 1].id >= member.id { isInOrder = false }
                    if !member.isNative { areNative = false }
                    if member.isDebian { debianCount += 1 }
                    if member.hidesNames { hidesNames = true }
                }
            }
        }
        self.members = UnsafeBufferPointer(members)
        self.isInOrder = isInOrder
        self.areNative = areNative
        self.debianCount = debianCount
        self.hidesNames = hidesNames
    }

    private static func withPlaces(
        of packages: [Package],
        _ body: (UnsafeBufferPointer<UnsafeRawPointer>) -> Void
    ) {
        packages.withUnsafeBufferPointer { packages in
            packages.withMemoryRebound(to: UnsafeRawPointer.self, body)
        }
    }

    deinit { members.deallocate() }

    var count: Int { packages.count }

    /// The ids, in the order of the packages.
    var ids: [ContentID] { members.map(\.id) }
}

extension PackageList.Member {
    init(_ package: Package) {
        id = package.id
        seed = NameHash.package(package.id, salt: 0)
        entryCount = UInt32(package.index.entryCount)
        isNative = package.isNative
        isDebian = package.isDebian
        hidesNames = package.hidesNames
        index = .passUnretained(package.index)
    }
}
