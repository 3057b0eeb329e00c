import FileTree
import Glibc
import Testing

@testable import Namespaces

@Suite struct FacilityTests {
    @Test(arguments: Facility.allCases)
    func aFacilityWorksOrSaysWhyNotAndWhatHelps(_ facility: Facility) {
        switch facility.check() {
        case .works(let how): #expect(!how.isEmpty)
        case .missing(let why, let cure): #expect(!why.isEmpty && !cure.isEmpty)
        }
    }

    @Test func nineIsThereWhereTheKernelHasIt() throws {
        _ = Facility.v9fs.check()
        let hasClient = TextOf.file("/proc/filesystems").contains("\t9p\n")
        #expect(Facility.v9fs.check().isWorking == (hasClient && geteuid() == 0))
    }

    @Test func triesLeaveNothingBehind() throws {
        func mounts() -> Int {
            TextOf.file("/proc/self/mountinfo").split(separator: "\n").count {
                $0.contains(" pak ")
            }
        }
        let before = mounts()
        for facility in Facility.allCases { _ = facility.check() }
        #expect(mounts() == before)
    }
}

@Suite struct SubordinateTests {
    static let table: [(text: String, ranges: [Range<UInt32>])] = [
        ("", []),
        ("user:100000:65536\n", [100_000..<165_536]),
        ("other:1:2\n1000:5:6\nuser:20:1", [5..<11, 20..<21]),
        ("user:100000:0\nuser:-1:5\nuser:1\nuser:1:2:3\nuser:4294967295:2\nuser:x:1\n", []),
        ("10000:1:2\nuser2:1:2\n:1:2\n", []),
    ]

    @Test(arguments: table)
    func rangesAreTheUsersByNameOrNumber(_ text: String, _ ranges: [Range<UInt32>]) {
        #expect(SubordinateIDs.ranges(in: text, name: "user", number: 1000) == ranges)
        let unnamed = SubordinateIDs.ranges(in: text, name: nil, number: 1000)
        #expect(unnamed == ranges.filter { $0.lowerBound == 5 })
    }

    static let numbers: [(host: UInt32, inView: UInt32?)] = [
        (100_000, 1), (100_032, 33), (100_099, 100), (100_100, nil), (99_999, nil),
        (200_000, 101), (200_009, 110), (200_010, nil), (33, nil), (.max, nil),
    ]

    /// The first is 1, and each range follows the one before.
    @Test(arguments: numbers)
    func aSubordinateNumberIsTheViewsByItsPlace(_ host: UInt32, _ inView: UInt32?) {
        let ranges: [Range<UInt32>] = [100_000..<100_100, 200_000..<200_010]
        let root = View.Identity.root(users: ranges, groups: ranges)
        #expect(root.user(forHost: host) == inView)
        #expect(root.group(forHost: host) == inView)
        #expect(View.Identity.root().user(forHost: host) == nil)
        #expect(View.Identity.kept.user(forHost: host) == nil)
    }

    @Test func theUserIsRootOfTheView() {
        let root = View.Identity.root(users: [100_000..<100_100], groups: [100_000..<100_100])
        #expect(root.user(forHost: geteuid()) == 0)
        #expect(root.group(forHost: getegid()) == 0)
        #expect(View.Identity.kept.user(forHost: geteuid()) == geteuid())
        #expect(root.answeredByOverlay == [.owners, .devices, .changes, .strangers])
        #expect(View.Identity.root().answeredByOverlay.contains(.identities))
    }
}

@Suite struct CommandWordTests {
    static let table: [(name: String, path: String?, candidates: [String])] = [
        ("ls", "PATH=/a:/b", ["/a/ls", "/b/ls"]),
        ("ls", "PATH=:/b:", ["./ls", "/b/ls", "./ls"]),
        ("ls", "PATH=", ["./ls"]),
        ("ls", nil, ["/usr/local/bin/ls", "/usr/bin/ls", "/bin/ls"]),
        ("./ls", "PATH=/a", ["./ls"]),
        ("a/b", "PATH=/a", ["a/b"]),
        ("", "PATH=/a", []),
    ]

    @Test(arguments: table)
    func aNameIsLookedForAlongThePath(_ name: String, _ path: String?, _ candidates: [String]) {
        let command = Command(
            [name],
            environment: ["PATHS=/x"] + (path.map { [$0] } ?? []),
            directory: "/"
        )
        #expect(command.candidates.map { String(decoding: $0, as: UTF8.self) } == candidates)
    }

    @Test func whatOverlayfsWouldTakeApartIsEscaped() {
        #expect(ViewPlan.escaped("/a:b,c\\d") == "/a\\:b\\,c\\\\d")
    }
}
