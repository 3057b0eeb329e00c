import FileTree
import Testing

@testable import Environments

struct ViewNameTests {
    @Test(arguments: ["", "/", ":pinned"])
    func noNameIsThePackagesOfTheCommandLine(text: String) throws {
        #expect(try ViewName(text).environment.isEmpty)
    }

    @Test func everyOptionIsRead() throws {
        let name = try ViewName(
            "t-1.0@0123456789abcdef:dev:suid:only=a:only=b:links=text:sub=/u%2Cr:capture=x.1"
        )
        #expect(name.environment == "t-1.0")
        #expect(name.generation == "0123456789abcdef")
        #expect(name.showsDevices && name.keepsSetID)
        #expect(name.only == ["a", "b"])
        #expect(name.links == .text)
        #expect(name.capture == "x.1")
        #expect(name.sub == Array("/u,r".utf8))
    }

    @Test func withoutOptionsDevicesAndSetIDBitsAreKeptBack() throws {
        let name = try ViewName("tools")
        #expect(!name.showsDevices && !name.keepsSetID && name.capture == nil)
        #expect(name.links == .follow && name.only.isEmpty && name.sub.isEmpty)
    }

    @Test(arguments: ["Tools", "-t", "a/b", "..", "tools@", "tools@xyz", "tools@0", "a b", "ä"])
    func whatCannotBeANameIsNotThere(text: String) {
        #expect { try ViewName(text) } throws: { ($0 as? FileError)?.kind == .notFound }
    }

    @Test(arguments: [
        "t:", "t@3:live", "t:only=", "t:links=", "t:links=both", "t:sub=%4", "t:sub=%zz", "t:dev=1",
        "t:rw", "::",
        "t:capture", "t:capture=", "t:capture=..", "t:capture=a/b", "t:capture=A",
        "t:capture=a:capture=b", "ctl:capture=x", "ctl:dev", "ctl@01234567",
    ])
    func optionsThatAreNotUnderstoodAreRefused(text: String) {
        #expect { try ViewName(text) } throws: { ($0 as? FileError)?.kind == .invalid }
    }
}
