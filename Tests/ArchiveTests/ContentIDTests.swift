import Archive
import Testing

struct ContentIDTests {
    private func id(_ digits: [UInt8]) -> ContentID? {
        digits.withUnsafeBytes { ContentID(digits: $0) }
    }

    @Test func digitsAreThoseOfTheBytes() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let id = bytes.withUnsafeBytes { ContentID($0) }
            #expect(id?.description == text)
            #expect(id?.bytes == bytes)
            #expect(ContentID(hexadecimal: text) == id)
            var written = Array("x".utf8)
            id?.write(to: &written)
            #expect(written == Array("x\(text)".utf8))
        }
    }

    @Test func whatIsNoDigitIsRefusedAtEveryPlace() {
        let digits = Array(Array(repeating: "0123456789abcdef", count: 4).joined().utf8)
        for place in digits.indices {
            let good = (UInt8.min ... .max).filter { byte in
                var other = digits
                other[place] = byte
                return id(other) != nil
            }
            #expect(good == Array("0123456789abcdef".utf8))
        }
        #expect(id(Array(digits.dropLast())) == nil)
        #expect(id(digits + [0x30]) == nil)
    }

    @Test func linesOfPackagesAreHashedAsOneText() {
        for count in [0, 1, 63, 64, 65, 200] {
            let ids = (0..<count).map { SHA256.hash(Array("\($0)".utf8)) }
            let text = ids.map { "package \($0)\n" }.joined()
            #expect(PackageLines.id(of: ids) == SHA256.hash(Array(text.utf8)))
            var lines = PackageLines()
            lines.add(count: count) { ids[$0] }
            #expect(lines.id(with: Array("end".utf8)) == SHA256.hash(Array("\(text)end".utf8)))
            #expect(lines.id == SHA256.hash(Array(text.utf8)))
        }
    }
}
