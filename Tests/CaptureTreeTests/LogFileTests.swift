import FileTree
import Glibc
import Testing
import Watched

@testable import CaptureTree

/// A log in a folder, open.
struct OpenLog {
    let folder: LayerFolder
    let usage: LayerUsage
    let log: LogFile
    let records: [Record]

    init(
        _ path: String,
        limit: UInt64? = nil,
        sync: LayerSync = .none,
        calls: HostCalls = HostCalls()
    ) throws(FileError) {
        folder = try LayerFolder(writing: path, calls: calls)
        usage = LayerUsage(limit: limit)
        var records: [Record] = []
        log = try LogFile(folder, usage: usage, sync: sync) { (_, all) throws(FileError) in
            try all { records.append($0) }
        }
        self.records = records
    }
}

@Suite struct LogFileTests {
    static let time = Timestamp(seconds: 1)

    static func change(_ number: Int) -> Record {
        .changed(
            Serial(number: UInt64(number + 1)),
            permissions: 0o644,
            uid: nil,
            gid: nil,
            accessed: nil,
            modified: nil,
            at: time
        )
    }

    @Test func aLogIsThereAgainWhenItIsOpenedAgain() throws {
        let scratch = try Scratch()
        let records = LogReaderTests.records(50, seed: 11)
        var (id, size): (UInt64, UInt64) = (0, 0)
        do {
            let first = try OpenLog(scratch.layer)
            #expect(first.records.isEmpty)
            try first.log.append(Array(records[..<20]))
            for record in records[20...] { try first.log.append([record]) }
            (id, size) = (first.log.id, first.log.size)
        }
        #expect(id != 0)
        #expect(scratch.names(scratch.layer) == ["data", "lock", "log"])
        let again = try OpenLog(scratch.layer)
        #expect(again.log.id == id)
        #expect(again.log.size == size)
        #expect(again.usage.bytes == size)
        #expect(again.records == records)
    }

    @Test func everyLayerHasAnIdOfItsOwn() throws {
        let (a, b) = (try Scratch(), try Scratch())
        #expect(try OpenLog(a.layer).log.id != OpenLog(b.layer).log.id)
    }

    @Test func aTornTailIsCutOffAndWrittenOver() throws {
        let scratch = try Scratch()
        let records = (0..<5).map(Self.change)
        try OpenLog(scratch.layer).log.append(records)
        let whole = try scratch.bytes(scratch.log)
        let ends = try logBytes(id: whole.number(at: 16, as: UInt64.self), records).ends
        for cut in (ends[3] + 1)..<whole.count {
            try scratch.write(Array(whole[..<cut]), to: scratch.log)
            do {
                let torn = try OpenLog(scratch.layer)
                #expect(torn.records == Array(records[..<4]), "cut at \(cut)")
                try torn.log.append([.sealed])
            }
            #expect(try OpenLog(scratch.layer).records == records[..<4] + [.sealed])
        }
    }

    @Test func aLogCutAtEveryRecordOfAThousandIsOpened() throws {
        let scratch = try Scratch()
        let records = LogReaderTests.records(1000, seed: 12)
        try OpenLog(scratch.layer).log.append(records)
        let whole = try scratch.bytes(scratch.log)
        let ends = try logBytes(id: whole.number(at: 16, as: UInt64.self), records).ends
        #expect(ends.last == whole.count)
        for place in stride(from: 999, through: 0, by: -Watched.stride) {
            truncate(scratch.log, ends[place])
            // Each is compared by its last record: all are sums of what is before.
            let read = try OpenLog(scratch.layer).records
            #expect(read.count == place + 1)
            #expect(read.last == records[place])
            if place % 100 == 0 { #expect(read == Array(records[...place])) }
        }
    }

    @Test func damageInTheMiddleIsRefusedWithItsPlace() throws {
        let scratch = try Scratch()
        try OpenLog(scratch.layer).log.append((0..<5).map(Self.change))
        var bytes = try scratch.bytes(scratch.log)
        bytes[60] ^= 1
        try scratch.write(bytes, to: scratch.log)
        let error = #expect(throws: FileError.self) { _ = try OpenLog(scratch.layer) }
        #expect(error == .malformed("log: offset 32: the sum of the record is wrong"))
        #expect(try scratch.bytes(scratch.log) == bytes)
    }

    @Test(arguments: [
        (ENOSPC, FileError.Kind.noSpace), (EDQUOT, .quota), (EIO, .inputOutput),
    ])
    func aFailedWriteIsTakenBack(_ number: Int32, _ kind: FileError.Kind) throws {
        let scratch = try Scratch()
        // The second write of a record is short, and then fails.
        let plan = Plan([.write: [nil, nil, .short(7), .error(number)]])
        let open = try OpenLog(scratch.layer, calls: plan.host)
        try open.log.append([Self.change(0)])
        let size = open.log.size
        let error = #expect(throws: FileError.self) { try open.log.append([Self.change(1)]) }
        #expect(error?.kind == kind)
        #expect(open.log.size == size)
        #expect(open.usage.bytes == size)
        #expect(try scratch.bytes(scratch.log).count == Int(size))
        try open.log.append([Self.change(2)])
        #expect(
            try readLog(scratch.bytes(scratch.log)).records == [Self.change(0), Self.change(2)]
        )
    }

    @Test func aLogThatCannotBePutBackTakesNothingMore() throws {
        let scratch = try Scratch()
        let plan = Plan([
            .write: [nil, nil, .short(7), .error(ENOSPC)], .resize: [.error(EIO)],
        ])
        let open = try OpenLog(scratch.layer, calls: plan.host)
        try open.log.append([Self.change(0)])
        #expect(throws: FileError(.noSpace, "\(scratch.log): write")) {
            try open.log.append([Self.change(1)])
        }
        let error = #expect(throws: FileError.self) { try open.log.append([Self.change(2)]) }
        #expect(error?.kind == .readOnly)
        #expect(error?.context?.contains("takes nothing more") == true)
        #expect(try readLog(scratch.bytes(scratch.log)).records == [Self.change(0)])
    }

    @Test func aLogWhoseSyncFailedTakesNothingMore() throws {
        let scratch = try Scratch()
        let plan = Plan([.sync: [nil, nil, .error(EIO)]])
        let open = try OpenLog(scratch.layer, sync: .op, calls: plan.host)
        try open.log.append([Self.change(0)])
        let error = #expect(throws: FileError.self) { try open.log.append([Self.change(1)]) }
        #expect(error?.kind == .inputOutput)
        let second = #expect(throws: FileError.self) { try open.log.append([Self.change(2)]) }
        #expect(second?.kind == .readOnly)
        #expect(try readLog(scratch.bytes(scratch.log)).records == [Self.change(0)])
    }

    @Test func aFullLayerTakesWhatMakesRoomAndNothingElse() throws {
        let scratch = try Scratch()
        let open = try OpenLog(scratch.layer, limit: 32 + 3 * 40)
        #expect(throws: FileError(.quota, "\(scratch.layer): the layer's limit of bytes")) {
            for number in 0..<10 { try open.log.append([Self.change(number)]) }
        }
        let before = open.log.size
        #expect(before <= open.usage.limit)
        try open.log.append([.removed(from: .root, name: [97], at: Self.time)])
        try open.log.append([.sealed])
        #expect(open.usage.bytes == open.log.size)
        #expect(open.log.size > before)
    }

    @Test(arguments: LayerSync.allCases)
    func aModeSyncsWhenItSays(_ mode: LayerSync) throws {
        let scratch = try Scratch()
        let plan = Plan([:])
        let open = try OpenLog(scratch.layer, sync: mode, calls: plan.host)
        let made = plan.count(.sync)
        #expect(made == (mode == .none ? 0 : 1))
        try open.log.append([Self.change(0)])
        #expect(plan.count(.sync) == made + (mode == .op ? 1 : 0))
        try open.log.sync()
        #expect(plan.count(.sync) == made + (mode == .op ? 1 : 0))
        try open.log.finish()
        #expect(plan.count(.syncAll) == (mode == .end ? 1 : 0))
    }
}
