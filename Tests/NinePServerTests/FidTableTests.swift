import FileTree
import Testing

@testable import NinePServer

@Suite struct FidTableTests {
    private let root = FixedNode("/", 1)

    private func fid(_ point: AttachPoint, _ path: UInt64) -> Fid {
        Fid(node: FixedNode("n", path), attach: point, opened: nil)
    }

    private var point: AttachPoint {
        let user = User(uid: 0, gid: 0, name: "", isOwner: true)
        let tree = FixedTree(root)
        return AttachPoint(Attachment(root: root, tree: tree), user: user, isPlain: false)
    }

    /// Numbers as Linux gives them, as Plan 9 does, and such as fall on one place.
    static let numbers: [[UInt32]] = [
        Array(0..<200), [0, 63, 64, 4095, 4096, .max, .max - 1],
        (0..<300).map { UInt32(4096 + $0 * 64) }, (0..<300).map { UInt32.max - $0 * 4096 },
    ]

    @Test(arguments: numbers, [1, 2, 3] as [UInt64])
    func theTableIsADictionary(numbers: [UInt32], seed: UInt64) throws {
        let point = point
        var table = FidTable(limit: 10_000)
        var model: [UInt32: UInt64] = [:]
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        for step in 1...4000 as ClosedRange<UInt64> {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number = numbers[Int((random >> 33) % UInt64(numbers.count))]
            if random >> 63 == 0 {
                if model[number] == nil {
                    try table.insert(number, fid(point, step))
                    model[number] = step
                } else {
                    #expect(throws: FileError(.fidInUse)) {
                        try table.insert(number, fid(point, step))
                    }
                }
            } else {
                #expect(table.remove(number)?.node.qid.path == model.removeValue(forKey: number))
            }
            #expect(table.count == model.count)
            for number in numbers where step % 500 == 0 {
                #expect(table.find(number)?.pointee.node.qid.path == model[number])
            }
        }
        var seen = 0
        table.forEach { _ in seen += 1 }
        #expect(seen == model.count)
        table.removeAll()
        for number in numbers { #expect(table.find(number) == nil) }
    }

    @Test func beyondTheLimitThereIsAnError() throws {
        let point = point
        var table = FidTable(limit: 2)
        try table.insert(1, fid(point, 1))
        try table.insert(9999, fid(point, 2))
        #expect(throws: FileError(.tooManyFiles)) { try table.insert(2, fid(point, 3)) }
        _ = table.remove(1)
        try table.insert(2, fid(point, 3))
    }

    @Test func aFidLetsGoOfItsNode() throws {
        let point = point
        weak var node: FixedNode?
        do {
            var table = FidTable(limit: 10)
            let made = FixedNode("n", 2)
            node = made
            try table.insert(5, Fid(node: made, attach: point, opened: nil))
            try table.insert(70_000, Fid(node: made, attach: point, opened: nil))
            _ = table.remove(5)
        }
        #expect(node == nil)
    }
}
