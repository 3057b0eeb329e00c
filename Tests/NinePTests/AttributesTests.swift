import FileTree
import NineP
import Testing

@Suite struct AttributesTests {
    @Test(arguments: [Int64.min, -1, 0, 1_700_000_000, .max])
    func attributesStoredAtOnceAreTheBytesOfTheMessage(seconds: Int64) throws {
        let qid = Qid(type: .directory, version: 0x0102_0304, path: 0x1112_1314_1516_1718)
        var stat = Stat(qid: qid, mode: Mode(.directory, 0o4755))
        stat.uid = 0x2122_2324
        stat.gid = 0x3132_3334
        stat.links = 0x4142_4344_4546_4748
        stat.device = 0x5152_5354_5556_5758
        stat.size = 0x6162_6364_6566_6768
        stat.allocated = UInt64(bitPattern: seconds)
        stat.accessed = Timestamp(seconds: seconds, nanoseconds: 999_999_999)
        stat.modified = Timestamp(seconds: seconds ^ 0x55, nanoseconds: 7)
        stat.changed = Timestamp(seconds: seconds ^ 0xaa, nanoseconds: 9)
        var buffers = [[UInt8]](repeating: [UInt8](repeating: 0xee, count: 400), count: 2)
        var counts = [0, 0]
        try buffers[0].withUnsafeMutableBytes { room in
            var writer = MessageWriter(room, .linux)
            try writer.attributes(stat, blockSize: 0x7172_7374, tag: 0x0a0b)
            try writer.write(Rclunk(), tag: 1)
            counts[0] = writer.count
        }
        try buffers[1].withUnsafeMutableBytes { room in
            var writer = MessageWriter(room, .linux)
            try writer.write(Rgetattr(stat, blockSize: 0x7172_7374), tag: 0x0a0b)
            try writer.write(Rclunk(), tag: 1)
            counts[1] = writer.count
        }
        #expect(counts[0] == counts[1])
        #expect(buffers[0] == buffers[1])
    }

    @Test func attributesThatDoNotFitAreRefused() throws {
        var buffer = [UInt8](repeating: 0, count: 159)
        buffer.withUnsafeMutableBytes { room in
            var writer = MessageWriter(room, .linux)
            let stat = Stat(
                qid: Qid(type: .file, version: 0, path: 0),
                mode: Mode(.regular, 0)
            )
            #expect(throws: FileError.self) {
                try writer.attributes(stat, blockSize: 4096, tag: 0)
            }
            #expect(writer.count == 0)
        }
    }
}
