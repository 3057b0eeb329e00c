import Archive
package import CaptureTree
package import FileTree
import NinePClient
import Synchronization
import SystemPackage
import UnionTree

/// A view that can be changed: a layer over an environment.
package final class Capture: Sendable {
    /// The name by which clients attach to it, and its folder's.
    package let id: String
    /// The folder of its layer.
    package let folder: String
    /// What it lies over.
    package let base: LayerBase
    /// What was changed, over what was there.
    package let tree: CaptureTree
    /// The same with the rules that hold while it is used.
    private let ruled: RuledTree
    package let environment: Environment
    private let sub: UnionPath
    /// Held while a rule is added: one at a time.
    private let ruling = Mutex(())

    /// The layer that an empty name at attach gets.
    package static let usual = "default"

    /// How a layer's folder is opened.
    package enum Access: Sendable {
        /// To be looked at; nothing in the folder changes.
        case read
        /// To be changed, and made when it is missing.
        case write(LayerSettings)
        /// To be changed, and clean, whatever it has and lay over: that is forgotten once all else
        /// is there.
        case renew(LayerSettings)

        /// How it is written; nil where it is only looked at.
        var settings: LayerSettings? {
            switch self {
            case .read: nil
            case .write(let settings), .renew(let settings): settings
            }
        }
    }

    /// Opens the layer in a folder over an environment, as `view` asks for it.
    ///
    /// Errors: those of `Layer.open`; `.conflict` for a layer that lies over something else, with
    /// what that is.
    package init(
        _ id: String,
        folder: String,
        over environment: Environment,
        _ view: ViewName = ViewName.whole,
        _ access: Access
    ) throws(FileError) {
        self.id = id
        self.folder = folder
        self.environment = environment
        let options = try view.options()
        sub = options.sub
        // The disk is below the layer, too, where the environment shows it: it is read, and what
        // is written there is the layer's.
        let packages = try environment.tree.attach(as: .superuser, options)
        let lower = try environment.shines.lay(over: packages, from: sub)
        let found = LayerBase(environment, view)
        let layer: Layer
        if let settings = access.settings {
            layer = try Layer.open(folder: folder, limits: settings.limits, sync: settings.sync)
        } else {
            layer = try Layer.open(readOnly: folder)
        }
        if case .renew(let settings) = access {
            // What the rules lead to is looked for first, and whether there may be so many.
            var rules = layer.rules
            if !rules.ends(with: settings.rules) {
                for rule in settings.rules.list { rules.append(rule) }
            }
            guard rules.list.count <= Rules.limit else { throw Rules.tooMany }
            let borders = Self.borders(settings, found)
            _ = try RuledTree(over: lower.root, in: lower.tree, rules: rules, borders)
            try layer.reset()
            if layer.isSealed { try layer.unseal() }
        }
        base = try Self.settle(found, folder: folder, layer, access)
        tree = try CaptureTree(layer: layer, over: lower.root, in: lower.tree)
        guard let settings = access.settings else {
            // Nothing is changed through it.
            ruled = try RuledTree(over: tree.root, in: tree, rules: Rules())
            return
        }
        let borders = Self.borders(settings, base)
        ruled = try RuledTree(over: tree.root, in: tree, rules: layer.rules, borders)
    }

    /// What its rules come to beside the layer.
    private static func borders(
        _ settings: LayerSettings,
        _ base: LayerBase
    ) -> RuledTree.Options {
        var borders = RuledTree.Options()
        borders.scratchBytes = Int(clamping: settings.scratch)
        if let host = base.hostFolder {
            borders.through = { (path) throws(FileError) in
                let names = path.split(separator: UInt8(ascii: "/")).map { Array($0) }
                return try HostTree(
                    FilePath(host.path),
                    below: host.names + names,
                    isWritable: true
                ).root
            }
        }
        return borders
    }

    /// What a view of what lies below is called.
    package var title: [String] { environment.title }

    /// Whether there are directories of the disk in what it lies over, whatever packages have there.
    package var isOverDisk: Bool { !environment.shines.isEmpty }

    /// What clients see: rules that come later hold for those who are there, too.
    package var view: any Tree { ruled }

    /// The root of what clients see.
    package var root: any Directory { ruled.root }

    /// The packages that it lies over, without what they lie over.
    package var packagesRoot: any Directory {
        get throws(FileError) {
            var options = ViewOptions()
            options.hidesBase = true
            return try environment.tree.attach(as: .superuser, options).root
        }
    }

    /// Adds a rule behind those there are.
    package func add(_ rule: Rules.Rule) throws(FileError) {
        try ruling.withLock { (_) throws(FileError) in
            var rules = layer.rules
            rules.append(rule)
            try ruled.set(rules)
            do throws(FileError) { try layer.add(rule) } catch {
                // The rules that the layer has were set before: they can be had.
                try ruled.set(layer.rules)
                throw error
            }
        }
    }

    /// Adds rules behind those there are, unless these are the last already.
    package func take(_ new: Rules) throws(FileError) {
        if layer.rules.ends(with: new) { return }
        for rule in new.list { try add(rule) }
    }

    /// Forgets every change, and takes changes again.
    package func reset() throws(FileError) {
        try layer.reset()
        if layer.isSealed { try layer.unseal() }
        ruled.clear()
    }

    /// Sees to it that the layer lies over what it says, and says so when it is new.
    private static func settle(
        _ found: LayerBase,
        folder: String,
        _ layer: Layer,
        _ access: Access
    ) throws(FileError) -> LayerBase {
        let known = try LayerBase.read(from: folder)
        let isUntouched = layer.statistics.objects <= 1
        if let known, !known.isSame(as: found), !isUntouched {
            let sides = "it lies over \(known.summary), not over \(found.summary)"
            throw FileError(.conflict, "\(folder): \(sides)")
        }
        guard let settings = access.settings else { return found }
        if known == nil, !isUntouched {
            throw FileError(.malformed, "\(folder)/\(LayerBase.fileName): missing")
        }
        var isNew = known == nil
        if case .renew = access { isNew = true }
        // Who says the same again means no more by it.
        if isNew, !layer.rules.ends(with: settings.rules) {
            for rule in settings.rules.list { try layer.add(rule) }
        }
        if known != found {
            let calls = HostCalls()
            do throws(FileError) {
                let place = try calls.openFolder(path: folder)
                try calls.replace(LayerBase.fileName, in: place, with: found.text)
            } catch {
                throw error.at(folder)
            }
        }
        return found
    }

    /// Whether it is what `view` of `environment` asks for.
    ///
    /// Packages that were read again meanwhile make no difference where no state is named: a
    /// capture is pinned.
    package func isOver(_ environment: Environment, _ view: ViewName) -> Bool {
        var other = LayerBase(environment, view)
        if view.generation == nil { other.hash = base.hash }
        return base.isSame(as: other)
    }

    /// The layer.
    package var layer: Layer { tree.layer }

    /// What has changed.
    package func changes() throws(FileError) -> [Change] {
        try ChangeList.changes(of: tree)
    }

    /// What was opened below, with the packages that it is from.
    package func reads() throws(FileError) -> [ReadList.Line] {
        let union = environment.tree
        return try ReadList(layer) { (path) throws(FileError) in
            var whole = sub.names
            whole += path.split(separator: UInt8(ascii: "/")).map(Array.init)
            // The disk's, whatever packages have there.
            if environment.shines.contains(where: { whole.starts(with: $0.path.names) }) {
                return []
            }
            let joined = Array(whole.joined(separator: [UInt8(ascii: "/")]))
            return union.owners(of: try UnionPath(joined)).filter(\.isShown).map(\.package)
        }.lines
    }

    /// What has changed, ready to be written.
    ///
    /// `name` is the package's; the capture's own unless given.
    package func export(name: String? = nil) throws(FileError) -> Export {
        var options = ExportOptions()
        options.name = name ?? id
        if let latest = try SourceDate.latest() { options.latestTime = latest }
        return try Export(tree, options)
    }
}

extension LayerBase {
    /// The file's name in a layer's folder.
    package static let fileName = "over"

    /// The directory of the host that lies below, and the names that lead from there to what the
    /// view's root lies over; nil when there is none.
    var hostFolder: (path: String, names: [[UInt8]])? {
        guard let base, !RemoteAddress.isMeant(by: base) else { return nil }
        return (base, sub.split(separator: UInt8(ascii: "/")).map { Array($0) })
    }

    /// What a layer's folder says; nil when it says nothing.
    package static func read(from folder: String) throws(FileError) -> LayerBase? {
        let path = "\(folder)/\(fileName)"
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try TextFile.read(path)
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
        do throws(FileError) {
            return try LayerBase(text: bytes)
        } catch {
            throw error.at(folder)
        }
    }

    /// What a view of an environment is made of.
    package init(_ environment: Environment, _ view: ViewName) {
        let source = environment.source
        self.environment = source.name
        let packages = environment.tree.packages
        hash = packages.isEmpty ? nil : "\(environment.tree.hash)"
        base = source.base.map(TextFile.absolute)
        only = view.only.sorted()
        sub = view.sub
        shows = (view.showsDevices ? ["dev"] : []) + (view.keepsSetID ? ["suid"] : [])
        options = source.options
        self.packages = packages.map {
            Package(id: "\($0.id)", name: $0.name, path: TextFile.absolute($0.path))
        }
    }
}
