import Environments
import FileTree
import Testing
import UnionTree

@testable import pakfs

struct ViewsTests {
    @Test func aDirectoryOfTheHostIsShownToWhoRunsTheServerAlone() throws {
        let source = EnvironmentSource(packages: [], rules: UnionRules(), base: "/usr")
        let views = try Views([source], PackageOpener(tables: nil)) { _ in }
        let owner = User(uid: 7, gid: 7, name: "me", isOwner: true)
        let root = try views.attach(as: owner, to: "").root
        #expect(try root.lookup(Array("lib".utf8).span.bytes).directory != nil)
        // The number alone proves nothing.
        let other = User(uid: 0, gid: 0, name: "root", isOwner: false)
        #expect(throws: FileError(.permission)) { try views.attach(as: other, to: "") }
        #expect(throws: FileError(.permission)) { try views.attach(as: other, to: ":sub=lib") }
        // A mount of the owner's speaks for all who use it.
        let vouched = User(uid: 8, gid: 8, name: "", isOwner: false, hasUnknownGroups: true)
        _ = try views.attach(as: vouched, to: "")
    }
}
