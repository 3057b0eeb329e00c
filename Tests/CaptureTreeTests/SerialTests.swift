import Testing

@testable import CaptureTree

@Test func theRootIsTheFirstSerial() {
    #expect(Serial.root < Serial(number: 2))
}
