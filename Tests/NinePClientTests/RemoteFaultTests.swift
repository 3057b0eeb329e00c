import FileTree
import Glibc
import NineP
import NinePServer
import Synchronization
import Testing
import TreeConformance

@testable import NinePClient

/// A base whose server is slow, dies or talks nonsense.
@Suite struct RemoteFaultTests {
    static let text = """
        f 644 0 0 1 /a *300000:1
        f 644 0 0 1 /b =b
        d 755 0 0 1 /d
        f 644 0 0 1 /d/x =x
        f 644 0 0 1 /d/y =y

        """

    /// What became of work on another thread.
    final class Outcome: Sendable {
        private let monitor = Condition()
        private let result = Mutex<FileError??>(nil)

        func set(_ error: FileError?) {
            monitor.lock()
            result.withLock { $0 = .some(error) }
            monitor.wake()
            monitor.unlock()
        }

        func wait() -> FileError? {
            monitor.lock()
            defer { monitor.unlock() }
            while true {
                if let result = result.withLock({ $0 }) { return result }
                monitor.wait()
            }
        }
    }

    static func open(
        patience: Int = 3_600_000,
        _ dialect: Dialect = .linux
    ) throws -> (Proxy, RemoteBase, RemoteBaseTests.Place) {
        let tree = try MemoryTree.make(text)
        let proxy = try Proxy(tree)
        var options = RemoteBase.Options()
        options.patience = patience
        options.freshness = 0
        let place = RemoteBaseTests.Place([proxy.end, try RemoteBaseTests.served(tree)])
        return (proxy, try RemoteBaseTests.base(place, dialect, options), place)
    }

    static func find(_ path: String, _ base: RemoteBase) throws -> any Node {
        try RemoteBaseTests.find(path, base.root)
    }

    @Test func aSlowReadSaysSoAndHoldsNobodyUp() throws {
        let (proxy, base, _) = try Self.open()
        let open = try #require(try Self.find("/a", base).file).open(.read)
        proxy.set { frame, _ in frame.type == .tread ? .drop : .pass }
        #expect(!open.isReady(at: 0, count: 10))
        let cancellation = Cancellation()
        let outcome = Outcome()
        try Worker.start {
            do throws(FileError) {
                try open.prepare(at: 0, count: 10, until: cancellation)
                outcome.set(nil)
            } catch {
                outcome.set(error)
            }
        }
        proxy.waitForStopped(.tread)
        // All else is answered meanwhile.
        #expect(try Self.find("/b", base).stat().size == 1)
        #expect(try TreeText.names(base.root).count == 3)
        cancellation.cancel()
        #expect(outcome.wait()?.kind == .interrupted)
        proxy.set { _, _ in .pass }
        try open.prepare(at: 0, count: 10, until: Cancellation())
        #expect(open.isReady(at: 0, count: 10))
    }

    @Test func aConversationGoesOnWhileItsReadOfABaseWaits() throws {
        let (proxy, base, _) = try Self.open()
        let end = try RemoteBaseTests.served(base)
        var talk = Conversation(input: end, output: end, closing: true)
        func ask(_ message: some Message, _ tag: UInt16) throws {
            try talk.queue(message, tag: tag)
            try talk.flush()
        }
        func answer() throws -> (UInt16, MessageType?) {
            let frame = try talk.receive()
            return (frame.tag, frame.type)
        }
        try ask(Tversion(messageSize: 8192, .linux), Wire.noTag)
        _ = try answer()
        talk.dialect = .linux
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        try ask(
            Tattach(fid: 0, authFid: Wire.noFid, uname: none, aname: none, userNumber: geteuid()),
            1
        )
        #expect(try answer().1 == .rattach)
        let name: [UInt8] = [1, 0, UInt8(ascii: "a")]
        try name.withUnsafeBytes {
            try ask(Twalk(fid: 0, newFid: 1, names: PathNames(bytes: $0, count: 1)), 1)
        }
        #expect(try answer().1 == .rwalk)
        try ask(Tlopen(fid: 1, flags: 0), 1)
        #expect(try answer().1 == .rlopen)
        proxy.set { frame, _ in frame.type == .tread ? .drop : .pass }
        try ask(Tread(fid: 1, offset: 0, count: 100), 7)
        try ask(Tgetattr(fid: 0, mask: AttributeMask.basic.rawValue), 8)
        #expect(try answer() == (8, .rgetattr))
        try ask(Tflush(oldTag: 7), 9)
        #expect(try answer() == (9, .rflush))
    }

    @Test(arguments: Dialect.allCases)
    func aServerThatDoesNotAnswerIsGivenUpAndTakenBackWhenItDoes(dialect: Dialect) throws {
        let (proxy, base, place) = try Self.open(patience: 30, dialect)
        let node = try Self.find("/b", base)
        let silent: Set<MessageType> = [.tgetattr, .tstat]
        proxy.set { frame, _ in frame.type.map(silent.contains) == true ? .drop : .pass }
        let error = #expect(throws: FileError.self) { try node.stat() }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context == "9p!test: /b: no answer in time")
        proxy.set { _, _ in .pass }
        // On a slow machine an answer may take longer than a tenth of the patience, too.
        var size: UInt64?
        for _ in 0..<1000 where size == nil {
            // The error is what is tried again for.
            size = try? node.stat().size
        }
        #expect(size == 1)
        #expect(place.dials == 1)
    }

    @Test func aFidThatCameTooLateIsClunked() throws {
        let (proxy, base, _) = try Self.open(patience: 500)
        _ = try Self.find("/b", base).stat()
        proxy.set { frame, _ in
            frame.type == .twalk || frame.type == .tflush ? .hold : .pass
        }
        for _ in 0..<20 {
            let error = #expect(throws: FileError.self) { try Self.find("/d", base) }
            #expect(error?.kind == .inputOutput)
        }
        proxy.release()
        // Whatever is asked next takes the clunks along, and its answer comes behind them.
        for _ in 0..<3 { _ = try base.statfs() }
        _ = try Self.find("/d", base).stat()
        let fids = proxy.server.statistics.split(separator: "\n").first { $0.hasPrefix("fids ") }
        let count = try #require(fids.flatMap { Int($0.dropFirst(5)) })
        #expect(count < 10, "\(count) fids of the 20 that nobody wants are left")
    }

    enum Nonsense: CaseIterable {
        case hangUp, wrongTag, wrongType, tooLong, tooShort, truncated, badStat

        func verdict(_ tag: UInt16) -> Proxy.Verdict {
            switch self {
            case .hangUp: .hangUp
            case .wrongTag: .answer(Proxy.bytes(Rclunk(), tag: 4711))
            case .wrongType: .answer(Proxy.bytes(Rclunk(), tag: tag))
            case .tooLong: .answer([0xff, 0xff, 0xff, 0x7f, 25, 0, 0])
            case .tooShort: .answer([3, 0, 0, 0])
            case .truncated:
                .answer([9, 0, 0, 0, 25, UInt8(truncatingIfNeeded: tag), UInt8(tag >> 8), 1, 2])
            case .badStat:
                .answer(Proxy.bytes(Rgetattr(), tag: tag))
            }
        }
    }

    @Test(arguments: Nonsense.allCases)
    func nonsenseIsAnErrorAndTheNextCallIsAnswered(nonsense: Nonsense) throws {
        let (proxy, base, place) = try Self.open()
        let node = try Self.find("/b", base)
        proxy.set { frame, _ in
            frame.type == .tgetattr ? nonsense.verdict(frame.tag) : .pass
        }
        // A conversation that is over is dialed again at once, and its call asked again.
        if nonsense == .wrongType || nonsense == .truncated {
            let error = #expect(throws: FileError.self) { try node.stat() }
            #expect(error?.kind == .inputOutput)
            #expect(error?.context?.hasPrefix("9p!test: /b: ") == true)
        } else if nonsense == .badStat {
            let error = #expect(throws: FileError.self) { try node.stat() }
            #expect(error?.kind == .notFound)
        } else {
            #expect(try node.stat().size == 1)
        }
        proxy.set { _, _ in .pass }
        #expect(try node.stat().size == 1)
        // Where a message starts, or whose it is, cannot be known any more.
        let ends: [Nonsense] = [.hangUp, .wrongTag, .tooLong, .tooShort]
        #expect(place.dials == (ends.contains(nonsense) ? 2 : 1))
    }

    static func entry(_ name: String, next: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [0] + [UInt8](repeating: 0, count: 4)
        withUnsafeBytes(of: UInt64(99).littleEndian) { bytes += $0 }
        withUnsafeBytes(of: next.littleEndian) { bytes += $0 }
        bytes.append(8)
        withUnsafeBytes(of: UInt16(name.utf8.count).littleEndian) { bytes += $0 }
        return bytes + Array(name.utf8)
    }

    @Test func aListingThatGoesRoundInCirclesEnds() throws {
        let (proxy, base, _) = try Self.open()
        proxy.set { frame, dialect in
            guard frame.type == .treaddir, let request = try? Treaddir(frame, dialect) else {
                return .pass
            }
            let next: UInt64 = request.offset == 7 ? 9 : 7
            return Self.entry("b", next: next).withUnsafeBytes {
                .answer(Proxy.bytes(Rreaddir(data: $0), tag: frame.tag))
            }
        }
        let error = #expect(throws: FileError.self) {
            try base.root.entries(from: 0) { _, _ in true }
        }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context == "9p!test: /: a listing that goes round in circles")
    }

    @Test func aListingWithoutAnEndEnds() throws {
        let proxy = try Proxy(MemoryTree.make(Self.text))
        var options = RemoteBase.Options()
        options.names = 1000
        let base = try RemoteBaseTests.base(.init([proxy.end]), .plain, options)
        let fid = Mutex<UInt32?>(nil)
        proxy.set { frame, dialect in
            if frame.type == .topen, let request = try? Topen(frame, dialect) {
                fid.withLock { $0 = request.fid }
            }
            guard frame.type == .tread, let request = try? Tread(frame, dialect),
                request.fid == fid.withLock({ $0 })
            else { return .pass }
            var record = StatRecord()
            record.qid = Qid(type: .file, version: 1, path: request.offset)
            let name = "name-\(request.offset)"
            let bytes = Array(name.utf8).withUnsafeBytes { name -> [UInt8] in
                record.name = name
                return Proxy.bytes(Rstat(stat: record), tag: 0, dialect)
            }
            return bytes.dropFirst(9).withUnsafeBytes {
                .answer(Proxy.bytes(Rread(data: $0), tag: frame.tag, dialect))
            }
        }
        let error = #expect(throws: FileError.self) {
            try base.root.entries(from: 0) { _, _ in true }
        }
        #expect(error?.kind == .inputOutput)
        #expect(error?.context == "9p!test: /: a listing of more than 1000 names")
    }

    @Test func namesThatCannotBeAreLeftOut() throws {
        let (proxy, base, _) = try Self.open()
        proxy.set { frame, dialect in
            guard frame.type == .treaddir, let request = try? Treaddir(frame, dialect) else {
                return .pass
            }
            var bytes: [UInt8] = []
            if request.offset == 0 {
                let names = ["..", "d/x", "", "a\0", String(repeating: "n", count: 256), "b"]
                for (place, name) in names.enumerated() {
                    bytes += Self.entry(name, next: UInt64(place + 1))
                }
            }
            return bytes.withUnsafeBytes {
                .answer(Proxy.bytes(Rreaddir(data: $0), tag: frame.tag))
            }
        }
        #expect(try TreeText.names(base.root) == [Array("b".utf8)])
    }
}
