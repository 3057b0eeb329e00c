import Environments
import FUSEServer
import FileTree
import Terminal
import UnionTree

/// A union of packages shown at a directory by this program itself, until it is unmounted.
enum OwnMount {
    static func run(_ path: String, _ packages: [String]) throws {
        let source = EnvironmentSource(packages: packages, rules: UnionRules(), base: nil)
        let environment = try Environment(source, PackageOpener())
        let attachment = try environment.tree.attach(as: .superuser, ViewOptions())
        var mount = FUSEMount.Options()
        mount.isReadOnly = true
        mount.allowsOthers = true
        let descriptor = try FUSEMount.mount(at: path, mount)
        try FUSEServer(attachment, descriptor: descriptor).run()
    }
}
