import FileTree
import Glibc
import HostFaults
import Testing

@testable import CaptureTree

/// Data files in a folder, open.
struct OpenData {
    let usage: LayerUsage
    let files: FolderDataFiles
    private let folder: LayerFolder

    init(
        _ path: String,
        limits: LayerLimits = LayerLimits(),
        sync: LayerSync = .none,
        calls: HostCalls = HostCalls(),
        keeping: (Serial) -> Bool = { _ in true }
    ) throws(FileError) {
        folder = try LayerFolder(writing: path, calls: calls)
        usage = LayerUsage(limit: limits.bytes)
        files = FolderDataFiles(
            folder,
            usage: usage,
            sync: sync,
            longestFile: limits.longestFile
        )
        try files.takeStock(keeping)
    }
}

extension DataFile {
    func write(_ text: [UInt8], at offset: UInt64) throws(FileError) {
        try text.span.bytes.withUnsafeBytes { (bytes) throws(FileError) in
            try write(bytes, at: offset)
        }
    }

    func bytes() throws(FileError) -> [UInt8] {
        let size = Int(try figures().size)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 8)
        defer { room.deallocate() }
        return Array(room[..<(try read(into: room, at: 0))])
    }
}

@Suite struct FolderDataFilesTests {
    static let five = Serial(number: 5)

    @Test func aFileIsNamedByItsSerialAndNobodyElsesToRead() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        let file = try open.files.create(Serial(number: 0xab1))
        try file.write([1, 2, 3], at: 0)
        #expect(scratch.names(scratch.layer + "/data") == ["ab1"])
        var status = stat()
        #expect(stat(scratch.layer + "/data/ab1", &status) == 0)
        #expect(status.st_mode == S_IFREG | 0o600)
        #expect(stat(scratch.layer, &status) == 0)
        #expect(status.st_mode == S_IFDIR | 0o700)
        #expect(try file.bytes() == [1, 2, 3])
        #expect(try open.files.figures(Serial(number: 0xab1))?.size == 3)
        #expect(try open.files.open(Self.five) == nil)
        #expect(try open.files.figures(Self.five) == nil)
    }

    @Test(
        arguments: [
            ("1", 1), ("ab", 0xab), ("ffffffffffffffff", UInt64.max), ("", nil), ("0", nil),
            ("01", nil), ("AB", nil), ("g", nil), ("+1", nil), ("10000000000000000", nil),
        ] as [(String, UInt64?)]
    )
    func aNameIsASerialsInOneSpellingAlone(_ name: String, _ number: UInt64?) {
        #expect(Serial(fileName: Array(name.utf8))?.number == number)
    }

    @Test func anOpenFileIsOneForAllAndIsClosedWithItsLastHolder() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        do {
            let file = try open.files.create(Self.five)
            #expect(try open.files.open(Self.five) === file)
            #expect(openDescriptors(below: scratch.layer + "/data/") == 1)
        }
        #expect(openDescriptors(below: scratch.layer + "/data/") == 0)
        #expect(try open.files.open(Self.five) != nil)
    }

    /// How many descriptors of this process stand for files in a folder.
    private func openDescriptors(below folder: String) -> Int {
        (0..<256).count { number in
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes { room in
                room.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { readlink("/proc/self/fd/\(number)", $0, 4096) } ?? -1
                }
            }
            return target.prefix(max(0, count)).starts(with: folder.utf8)
        }
    }

    @Test func bytesAreCountedAsTheHostDoesAlsoAfterOpeningAgain() throws {
        let scratch = try Scratch()
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        do {
            let open = try OpenData(scratch.layer)
            var files: [(any DataFile)?] = Array(repeating: nil, count: 6)
            for _ in 0..<300 {
                let place = Int(numbers.next() % 6)
                let serial = Serial(number: UInt64(place + 1))
                let offset = numbers.next() % 400_000
                if numbers.next() % 8 == 0 { files[place] = nil }
                let file = try files[place] ?? open.files.open(serial) ?? open.files.create(serial)
                files[place] = numbers.next() % 3 == 0 ? nil : file
                switch numbers.next() % 5 {
                case 0: try file.truncate(to: offset)
                case 1: try file.copy(from: Self.lower, at: offset, count: 65536)
                case 2 where files[place] == nil: open.files.remove(serial)
                default:
                    let count = Int(numbers.next() % 20_000)
                    try file.write([UInt8](repeating: 7, count: count), at: offset)
                }
            }
            files = []
            #expect(open.usage.bytes == Self.allocated(scratch), "seed \(seed)")
            #expect(open.usage.bytes > 0)
        }
        #expect(try OpenData(scratch.layer).usage.bytes == Self.allocated(scratch))
    }

    static let lower = HeldBytes(
        [UInt8](repeating: 1, count: 100_000) + [UInt8](repeating: 0, count: 100_000)
            + [UInt8](repeating: 2, count: 300_000)
    )

    /// What the host says that the data files occupy.
    static func allocated(_ scratch: Scratch) -> UInt64 {
        scratch.names(scratch.layer + "/data").reduce(0) { sum, name in
            var status = stat()
            stat("\(scratch.layer)/data/\(name)", &status)
            return sum + UInt64(status.st_blocks) * 512
        }
    }

    @Test func aCopyKeepsHolesAndOverwritesWhatAFailureLeft() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        let block = 65536
        let lower = HeldBytes(
            [UInt8](repeating: 0, count: block) + [UInt8](repeating: 9, count: block)
                + [UInt8](repeating: 0, count: block)
        )
        let file = try open.files.create(Self.five)
        try file.copy(from: lower, at: 0, count: UInt64(4 * block))
        var figures = try file.figures()
        #expect(figures.size == UInt64(3 * block))
        #expect(figures.allocated == UInt64(block))
        #expect(try file.bytes()[block - 1] == 0)
        #expect(try file.bytes()[block...].prefix(block).allSatisfy { $0 == 9 })
        // The place holds bytes that are not to be seen: zeros have to be written over them.
        try file.write([5, 5, 5], at: 10)
        try file.copy(from: lower, at: 0, count: UInt64(block))
        #expect(try file.bytes().prefix(block).allSatisfy { $0 == 0 })
        try file.truncate(to: 0)
        figures = try file.figures()
        #expect(figures.size == 0 && figures.allocated == 0)
    }

    @Test func theLimitOfBytesIsForWhatIsStored() throws {
        let scratch = try Scratch()
        let limits = LayerLimits(bytes: 40_000, longestFile: 1 << 40)
        let open = try OpenData(scratch.layer, limits: limits)
        let file = try open.files.create(Self.five)
        try file.truncate(to: 1 << 30)
        #expect(open.usage.bytes == 0)
        try file.write([UInt8](repeating: 1, count: 32_768), at: 8192)
        #expect(throws: FileError(.quota, "data/5: the layer's limit of bytes")) {
            try file.write([UInt8](repeating: 1, count: 20_000), at: 1 << 20)
        }
        // Over what is stored already, a full layer can be written.
        try file.write([UInt8](repeating: 2, count: 20_000), at: 10_000)
        #expect(open.usage.bytes == 32_768)
        #expect(try file.figures().allocated == 32_768)
        try file.truncate(to: 8192)
        #expect(open.usage.bytes == 0)
        try file.write([UInt8](repeating: 1, count: 20_000), at: 1 << 20)
    }

    @Test func theLongestFileIsALimitOfItsOwn() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer, limits: LayerLimits(longestFile: 100))
        let file = try open.files.create(Self.five)
        try file.write([UInt8](repeating: 1, count: 100), at: 0)
        for body in [
            { (file: any DataFile) throws in try file.write([1], at: 100) },
            { (file: any DataFile) throws in try file.truncate(to: 101) },
            { (file: any DataFile) throws in try file.write([1], at: .max) },
        ] {
            let error = #expect(throws: FileError.self) { try body(file) }
            #expect(error?.kind == .tooBig)
        }
        #expect(try file.figures().size == 100)
    }

    @Test func removedWhileOpenAFileIsThereAndCountedForWhoHasIt() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        do {
            let file = try open.files.create(Self.five)
            try file.write([1, 2, 3], at: 0)
            open.files.remove(Self.five)
            #expect(scratch.names(scratch.layer + "/data").isEmpty)
            #expect(try open.files.open(Self.five) == nil)
            try file.write([4], at: 3)
            #expect(try file.bytes() == [1, 2, 3, 4])
            #expect(open.usage.bytes > 0)
            // Its serial's next file is another.
            let other = try open.files.create(Self.five)
            #expect(try other.figures().size == 0)
            #expect(try open.files.open(Self.five) === other)
        }
        #expect(try open.files.open(Self.five) != nil)
        #expect(open.usage.bytes == 0)
    }

    @Test func whatACrashLeftIsEmptiedOrRemoved() throws {
        let scratch = try Scratch()
        do {
            let open = try OpenData(scratch.layer)
            for number in 1...4 {
                try open.files.create(Serial(number: UInt64(number))).write([1], at: 0)
            }
            try scratch.write([1], to: scratch.layer + "/data/README")
        }
        let open = try OpenData(scratch.layer) { $0.number % 2 == 0 }
        #expect(scratch.names(scratch.layer + "/data") == ["2", "4", "README"])
        #expect(try open.files.create(Serial(number: 2)).figures().size == 0)
        try open.files.removeAll()
        #expect(scratch.names(scratch.layer + "/data") == ["README"])
        #expect(open.usage.bytes == 0)
    }

    @Test func nothingButARegularFileIsOpened() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        let data = scratch.layer + "/data/"
        symlink("/etc/passwd", data + "5")
        mkfifo(data + "6", 0o600)
        for number in [5, 6] {
            let error = #expect(throws: FileError.self) {
                _ = try open.files.open(Serial(number: UInt64(number)))
            }
            #expect(error?.kind == .malformed)
            try open.files.create(Serial(number: UInt64(number))).write([1], at: 0)
        }
        #expect(try scratch.bytes(data + "5") == [1])
    }

    @Test(arguments: LayerSync.allCases)
    func bytesAreOnStorageBeforeTheAnswerInModeOp(_ mode: LayerSync) throws {
        let scratch = try Scratch()
        let plan = Plan([:])
        let open = try OpenData(scratch.layer, sync: mode, calls: plan.host)
        let file = try open.files.create(Self.five)
        #expect(plan.count(.syncFolder) == (mode == .op ? 1 : 0))
        try file.write([1], at: 0)
        try file.truncate(to: 10)
        #expect(plan.count(.sync) == (mode == .op ? 2 : 0))
    }

    @Test func aTimeSetIsTheHosts() throws {
        let scratch = try Scratch()
        let open = try OpenData(scratch.layer)
        let time = Timestamp(seconds: 1_000_000_000, nanoseconds: 123_456_789)
        let file = try open.files.create(Self.five)
        try file.setModified(time)
        #expect(try file.figures().modified == time)
        try file.write([1], at: 0)
        #expect(try file.figures().modified > time)
    }

    /// Every call of a list of changes fails once, in every way; what the file holds is then what
    /// it held, up to its length, and the count is the host's.
    @Test(arguments: HostFaults.Kind.allCases)
    func afterAFailureTheLengthIsAsItWas(_ kind: HostFaults.Kind) throws {
        for place in 0..<80 {
            let scratch = try Scratch()
            var open: OpenData? = try OpenData(scratch.layer)
            try open?.files.create(Self.five).write([1, 2, 3], at: 0)
            open = nil
            let faults = HostFaults(kind, at: place)
            open = try? OpenData(scratch.layer, calls: faults.host)
            guard let files = open?.files, let file = try? files.open(Self.five) else { continue }
            var size: UInt64 = 3
            let steps: [(UInt64, () throws -> Void)] = [
                (5000, { try file.write([UInt8](repeating: 4, count: 4997), at: 3) }),
                (200_000, { try file.truncate(to: 200_000) }),
                (265_536, { try file.copy(from: Self.lower, at: 200_000, count: 65536) }),
            ]
            for (next, step) in steps {
                do {
                    try step()
                    size = next
                } catch { break }
            }
            if kind == .full || kind == .broken {
                #expect(try file.figures().size == size, "\(kind) at \(place)")
                // More than there is, when even the question what there is was what failed.
                let used = try #require(open?.usage.bytes)
                #expect(used >= Self.allocated(scratch), "\(kind) at \(place)")
                let kept = try scratch.bytes(scratch.layer + "/data/5")
                #expect(Array(kept.prefix(3)) == [1, 2, 3])
            }
            open = nil
            if !faults.hasStruck {
                #expect(place > 10)
                break
            }
            #expect(place < 79)
        }
    }
}
