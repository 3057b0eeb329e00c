import NineP
import Testing

@Suite struct DialectTests {
    static let offers: [(String, Dialect?)] = [
        ("9P2000", .plain), ("9P2000.u", .unix), ("9P2000.L", .linux), ("9P2000.x", .plain),
        ("9P2000.", .plain), ("9P2000.u.v", .plain), ("9P2001", .plain), ("9P3000.L", .plain),
        ("9P1999", nil), ("9P", nil), ("", nil), ("9p2000", nil), ("9P2000L", nil),
        ("unknown", nil), ("9P99999999999999999999999", nil), (".", nil), ("9P-2000", nil),
    ]

    @Test(arguments: offers)
    func anOfferIsAnsweredByTheNearestDialect(offer: String, dialect: Dialect?) {
        let bytes = Array(offer.utf8)
        #expect(bytes.withUnsafeBytes { Dialect(offered: $0) } == dialect)
        let exact = Dialect.allCases.first { "\($0.version)" == offer }
        #expect(bytes.withUnsafeBytes { Dialect(answered: $0) } == exact)
    }

    @Test func aReplyIsItsRequestPlusOne() {
        for type in MessageType.allCases where type.isRequest {
            let reply = MessageType(rawValue: type.rawValue + 1)
            #expect(reply?.isRequest == false)
            for dialect in Dialect.allCases {
                #expect(reply?.belongs(to: dialect) == type.belongs(to: dialect))
            }
        }
    }
}
