import CaptureTree
import Terminal
import Testing

@testable import Environments

struct LayerSettingsTests {
    @Test(
        arguments: [
            ("0", 0), ("17", 17), ("4K", 4096), ("3M", 3 << 20), ("2G", 2 << 30), ("1T", 1 << 40),
            ("1k", 1024), ("2g", 2 << 30),
        ] as [(String, UInt64)]
    )
    func aSizeIsANumberWithALetter(text: String, size: UInt64) {
        #expect(LayerSettings.size(text) == size)
    }

    @Test(arguments: [
        "", "K", "-1", "+1", "1KB", "1kk", "1b", "1.5G", "9223372036854775808", "16777216T",
    ])
    func allElseIsNoSize(text: String) {
        #expect(LayerSettings.size(text) == nil)
    }

    @Test func theWordsOfTheCommandLineAreTaken() throws {
        var settings = LayerSettings()
        for option in ["sync=op", "bytes=2G", "inodes=5", "largest=1M", "scratch=1K"] {
            let isTaken = try settings.take(option: option)
            #expect(isTaken)
        }
        #expect(
            settings.sync == .op && settings.limits.bytes == 2 << 30 && settings.limits.objects == 5
        )
        #expect(settings.limits.longestFile == 1 << 20 && settings.scratch == 1024)
        for option in ["stack", "prefer=a:b", "bytes"] {
            let isTaken = try settings.take(option: option)
            #expect(!isTaken)
        }
    }

    @Test(arguments: ["sync=", "sync=often", "bytes=", "bytes=x", "inodes=0", "inodes=-1"])
    func whatMakesNoSenseIsToldWithAWayOut(option: String) {
        var settings = LayerSettings()
        #expect {
            _ = try settings.take(option: option)
        } throws: {
            let complaint = $0 as? Complaint
            return complaint?.status == 2 && complaint?.cure != nil
        }
    }
}
