import FileTree
import NineP
import Testing

@Suite struct MessageTests {
    static let cases = Dialect.allCases.flatMap { dialect in
        MessageType.allCases.filter { $0.belongs(to: dialect) }.map { (dialect, $0) }
    }

    @Test(arguments: cases)
    func whatIsDecodedIsWhatWasEncoded(dialect: Dialect, type: MessageType) throws {
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            #expect(M.type == type)
            for seed in 1...40 as ClosedRange<UInt64> {
                let sample = SampleFields(seed: seed &* 0x9e37_79b9)
                defer { withExtendedLifetime(sample) {} }
                let bytes = try encoded(sample.fill(M.self, dialect), tag: 0xbeef, dialect)
                #expect(bytes.count == Int(bytes[0]) + Int(bytes[1]) << 8)
                #expect(bytes[4...6] == [type.rawValue, 0xef, 0xbe])
                #expect(try reencoded(M.self, bytes, dialect) == bytes, "seed \(seed)")
            }
        }
    }

    @Test(arguments: cases)
    func everyTruncationIsMalformed(dialect: Dialect, type: MessageType) throws {
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            let sample = SampleFields(seed: 77)
            defer { withExtendedLifetime(sample) {} }
            let bytes = try encoded(sample.fill(M.self, dialect), tag: 1, dialect)
            for count in 7..<bytes.count {
                // Once with the size that the bytes have, once with the size they should have.
                var cut = Array(bytes[..<count])
                #expect(throws: FileError.self) { try reencoded(M.self, cut, dialect) }
                cut[0] = UInt8(truncatingIfNeeded: count)
                cut[1] = UInt8(truncatingIfNeeded: count >> 8)
                let error = #expect(throws: FileError.self) {
                    try reencoded(M.self, cut, dialect)
                }
                #expect(error?.kind == .malformed, "cut at \(count)")
                #expect(error?.context?.hasPrefix("offset ") == true)
            }
        }
    }

    @Test(arguments: cases)
    func bytesBehindTheLastFieldAreMalformed(dialect: Dialect, type: MessageType) throws {
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            let sample = SampleFields(seed: 5)
            defer { withExtendedLifetime(sample) {} }
            var bytes = try encoded(sample.fill(M.self, dialect), tag: 1, dialect)
            bytes.append(0)
            bytes[0] = UInt8(truncatingIfNeeded: bytes.count)
            bytes[1] = UInt8(truncatingIfNeeded: bytes.count >> 8)
            let error = #expect(throws: FileError.self) { try reencoded(M.self, bytes, dialect) }
            #expect(error?.kind == .malformed)
        }
    }

    @Test(arguments: [MessageType.twalk, .rwalk])
    func moreThanSixteenStepsAreMalformed(type: MessageType) throws {
        var bytes: [UInt8] = [0, 0, 0, 0, type.rawValue, 1, 0]
        if type == .twalk { bytes += [0, 0, 0, 0, 1, 0, 0, 0] }
        bytes += [17, 0] + Array(repeating: 0, count: 17 * 13)
        bytes[0] = UInt8(bytes.count)
        try check(type.message)
        func check<M: Message>(_: M.Type) throws {
            let error = #expect(throws: FileError.self) { try reencoded(M.self, bytes, .plain) }
            #expect(error?.context?.contains("17 is not allowed") == true)
        }
    }

    @Test(arguments: [0, 6, 8193, UInt32.max])
    func aSizeOutsideItsRangeEndsTheConversation(size: UInt32) {
        let bytes = withUnsafeBytes(of: size.littleEndian) { Array($0) }
        bytes.withUnsafeBytes { buffer in
            let error = #expect(throws: FileError.self) {
                try Frame.first(in: buffer, limit: 8192)
            }
            #expect(error?.kind == .malformed)
        }
    }
}
