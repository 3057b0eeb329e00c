import FileTree
import Testing
import TreeConformance

@testable import CaptureTree

@Suite struct ChangeListTests {
    static let base = """
        d 755 0 0 100 etc
        f 644 0 0 100 etc/conf =one
        f 644 0 8 100 etc/mail =m
        l 777 0 0 100 etc/link >conf
        d 755 0 0 100 usr/share
        f 644 0 0 100 usr/share/a =aa
        f 644 0 0 100 usr/share/b =bb
        d 755 0 0 100 usr/share/deep
        f 644 0 0 100 usr/share/deep/x =x
        f 755 0 0 100 bin/x =xx
        h bin/y bin/x
        d 777 0 0 100 tmp
        f 644 0 0 100 tmp/old =o
        """

    @Test(arguments: [
        // Made, changed, gone.
        ("put etc/new n", "A etc/new"),
        ("mkdir opt\nput opt/f x\nsymlink f opt/l", "A opt\nA opt/f\nA opt/l"),
        ("put etc/conf two", "M etc/conf"),
        ("put etc/conf longer", "M etc/conf"),
        ("chmod 600 etc/conf", "m etc/conf"),
        ("chown 5:6 etc/conf", "m etc/conf"),
        ("xattr user.k v etc/conf", "m etc/conf"),
        ("chmod 700 etc", "m etc"),
        ("rm etc/conf", "D etc/conf"),
        ("rm usr/share/deep/x\nrm usr/share/deep", "D usr/share/deep"),
        ("rm etc/link\nsymlink mail etc/link", "M etc/link"),
        ("rm etc/conf\nmkdir etc/conf\nput etc/conf/x 1", "M etc/conf\nA etc/conf/x"),
        // Nothing in the end.
        ("put etc/new n\nrm etc/new", ""),
        ("put etc/conf two\nput etc/conf one", ""),
        ("new etc/conf one", ""),
        ("chmod 600 etc/conf\nchmod 644 etc/conf", ""),
        ("xattr user.k v etc/conf\nxattr user.k etc/conf", ""),
        ("rm etc/link\nsymlink conf etc/link", ""),
        ("mv etc/conf etc/c\nmv etc/c etc/conf", ""),
        ("rm usr/share/deep/x\nput usr/share/deep/x x", ""),
        (
            "rm usr/share/deep/x\nrm usr/share/deep\nmkdir usr/share/deep\nput usr/share/deep/x x",
            ""
        ),
        ("zeros 10 etc/conf\ncut 3 etc/conf", ""),
        ("touch 400000000 etc/conf\ntouch 100 etc/conf", ""), ("touch 5 etc", ""),
        // Moved.
        ("mv etc/conf etc/c", "R etc/conf -> etc/c"),
        ("mv usr/share usr/lib", "R usr/share -> usr/lib"),
        ("mv usr/share usr/lib\nput usr/lib/a AA", "R usr/share -> usr/lib\nM usr/lib/a"),
        ("mv usr/share usr/lib\nrm usr/lib/a", "R usr/share -> usr/lib\nD usr/lib/a"),
        (
            "mv usr/share usr/lib\nchmod 700 usr/lib\nput usr/lib/n n",
            "R usr/share -> usr/lib\nm usr/lib\nA usr/lib/n"
        ),
        ("mv etc/conf etc/mail", "R etc/conf -> etc/mail"),
        ("mv usr/share/a usr/share/b\nput usr/share/a aa", "M usr/share/b"),
        (
            "mv usr/share usr/s\nmkdir usr/share\nput usr/share/q 1",
            "A usr/share/q\nD usr/share/a\nD usr/share/b\nD usr/share/deep\nR usr/share -> usr/s"
        ),
        // Names.
        ("ln etc/conf etc/c", "L etc/conf -> etc/c"),
        ("put etc/n n\nln etc/n etc/o", "A etc/n\nL etc/n -> etc/o"),
        ("put bin/x zz", "M bin/x\nM bin/y"),
        ("put bin/x zz\nrm bin/x", "D bin/x\nM bin/y"),
        ("chmod 700 bin/y", "m bin/x\nm bin/y"),
        ("rm bin/x", "D bin/x"),
        ("new bin/x xx", "m bin/x"),
        // Rules.
        ("put tmp/x 1\nrm tmp/old\nput etc/conf~ b\nput etc/.#conf b", ""),
        ("mv tmp/old etc/old", "A etc/old"),
        ("mv etc/conf tmp/conf", "D etc/conf"),
        ("put etc/a%b 1", "A etc/a%25b"),
    ])
    func theNetEffect(script: String, expected: String) throws {
        let captured = try Captured(Self.base)
        try Script(captured.tree).run(script)
        let lines = try ChangeList.changes(of: captured.tree).map(\.description)
        #expect(lines.sorted() == expected.split(separator: "\n").map(String.init).sorted())
        // The same when the layer has been opened again.
        let again = try ChangeList.changes(of: captured.reopened()).map(\.description)
        #expect(again == lines)
    }

    @Test func rulesOfTheLayerCount() throws {
        let captured = try Captured(Self.base)
        try captured.layer.add(Rules.Rule(line: Array("keep /tmp".utf8)))
        try captured.layer.add(Rules.Rule(line: Array("drop *.o".utf8)))
        try Script(captured.tree).run("put tmp/x 1\nput etc/a.o 1\nrm tmp/old")
        let lines = try ChangeList.changes(of: captured.tree).map(\.description)
        #expect(lines == ["D tmp/old", "A tmp/x"])
    }

    @Test func aTimeThatSomebodySetCounts() throws {
        let captured = try Captured(Self.base)
        try Script(captured.tree).run("touch 50 etc/conf\ntouch 50 etc")
        let lines = try ChangeList.changes(of: captured.tree).map(\.description)
        #expect(lines == ["m etc/conf"])
    }
}
